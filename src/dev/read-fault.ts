import { OperatorError, type Detail, type ErrorCode } from '../errors.ts'
import { MLE_REFUSALS } from '../http/mle-refusals.ts'
import { REFUSALS } from '../merchant/refusals.ts'
import { isJsonObject, stringMember, type JsonObject } from '../protocol/parse.ts'
import {
  FAULT_KINDS,
  isErrorCode,
  isFaultKind,
  kindEntry,
  stageOfCode,
  type FaultKind,
  type FaultMatch,
  type FaultParameter,
  type FaultSettings,
  type Stage,
} from './fault.ts'
import { OPERATIONS } from './operation.ts'

/** A fault as it is asked for: by the control API, by a test. Only `kind` is needed. */
export type FaultRequest = Partial<Omit<FaultSettings, 'kind' | 'match'>> & {
  readonly kind: FaultKind
  readonly match?: FaultMatch
}

const LONGEST_LATENCY_MILLISECONDS = 60_000
const LARGEST_SKEW_SECONDS = 366 * 86_400
const MOST_TIMES = 1_000_000

/** The reasons that an error can give, by its code. */
export const REASONS_OF_CODE: Readonly<Partial<Record<ErrorCode, readonly string[]>>> = {
  AUTHENTICATION_FAILED: Object.keys(REFUSALS).filter((reason) => reason !== 'NO_CREDENTIALS'),
  HEADERS_MISSING: ['NO_CREDENTIALS'],
  MLE_REQUEST_REFUSED: Object.keys(MLE_REFUSALS).filter((reason) => !isOfReply(reason)),
  MLE_RESPONSE_REFUSED: Object.keys(MLE_REFUSALS).filter(isOfReply),
}

function isOfReply(reason: string): boolean {
  return reason.startsWith('MLE_RESPONSE') || reason === 'MLE_NO_RESPONSE_KEY'
}

/**
 * Reads what fault is asked for, and completes it with its defaults.
 *
 * @throws OperatorError that says what is wrong, and what is known instead.
 */
export function readFault(given: JsonObject): FaultSettings {
  checkMembers(given)
  const kind = readKind(given)
  const parameters = readParameters(given, kind)
  const stage = readStage(given, kind, parameters.code)
  const probability = readProbability(given)
  const times = readTimes(given, probability)
  return { kind, stage, ...parameters, match: readMatch(given), times, probability }
}

const PARAMETERS = ['code', 'reason', 'details', 'milliseconds', 'seconds'] as const
const MEMBERS: readonly string[] = ['kind', 'stage', ...PARAMETERS, 'match', 'times', 'probability']
const MATCH_MEMBERS = ['method', 'path', 'merchant', 'operation'] as const

function checkMembers(given: JsonObject): void {
  const unknown = Object.keys(given).some((name) => !MEMBERS.includes(name))
  if (unknown) throw fault('The fault has a member that is not known.', knownAre(MEMBERS))
}

function readKind(given: JsonObject): FaultKind {
  const kind = stringMember(given, 'kind') ?? ''
  if (isFaultKind(kind)) return kind
  throw fault('"kind" is not a kind of fault.', knownAre(Object.keys(FAULT_KINDS)))
}

function readStage(given: JsonObject, kind: FaultKind, code: ErrorCode | undefined): Stage {
  const { stages } = kindEntry(kind)
  const [first] = stages
  const usual = code === undefined ? first : stageOfCode(code)
  if (given['stage'] === undefined && usual !== undefined) return usual
  const stage = stages.find((candidate) => candidate === given['stage'])
  if (stage !== undefined) return stage
  throw fault(`"stage" is not one at which ${kind} can be met.`, knownAre(stages))
}

type Parameters = Pick<FaultSettings, FaultParameter>

const READERS: Readonly<
  Record<FaultParameter, (value: unknown, given: JsonObject) => Parameters | undefined>
> = {
  code: (value) => (typeof value === 'string' && isErrorCode(value) ? { code: value } : undefined),
  reason: (value, given) => {
    const reasons = reasonsOf(given)
    return typeof value === 'string' && reasons.includes(value) ? { reason: value } : undefined
  },
  details: (value) => {
    const details = Array.isArray(value) ? value.flatMap(readDetail) : []
    const isWhole = Array.isArray(value) && details.length === value.length && value.length <= 20
    return isWhole ? { details } : undefined
  },
  milliseconds: (value) =>
    isNumber(value, 0, LONGEST_LATENCY_MILLISECONDS) ? { milliseconds: value } : undefined,
  seconds: (value) =>
    isNumber(value, -LARGEST_SKEW_SECONDS, LARGEST_SKEW_SECONDS) ? { seconds: value } : undefined,
}

const FORMS: Readonly<Record<FaultParameter, (given: JsonObject) => string>> = {
  code: () => 'It must be a code of docs/errors.md, such as STORE_UNAVAILABLE.',
  reason: (given) => {
    const reasons = reasonsOf(given)
    return reasons.length === 0 ? 'This code has no reasons: leave it out.' : knownAre(reasons)
  },
  details: () => 'It must be a list of at most 20 such as {"location":"…","message":"…"}.',
  milliseconds: () => `It must be a number from 0 to ${LONGEST_LATENCY_MILLISECONDS}.`,
  seconds: () => 'It must be a number, negative for a clock that is behind, at most a year.',
}

function readParameters(given: JsonObject, kind: FaultKind): Parameters {
  const { required, optional } = kindEntry(kind)
  const read = PARAMETERS.map((name): Parameters => {
    const value = given[name]
    const isTaken = required.includes(name) || optional.includes(name)
    if (value === undefined && !required.includes(name)) return {}
    if (!isTaken) throw fault(`"${name}" is not for ${kind}.`, 'Leave it out.')
    const parameter = READERS[name](value, given)
    if (parameter !== undefined) return parameter
    const what = value === undefined ? 'missing' : 'not right'
    throw fault(`"${name}" is ${what}.`, FORMS[name](given))
  })
  return mergeAll(read)
}

function reasonsOf(given: JsonObject): readonly string[] {
  const code = stringMember(given, 'code') ?? ''
  return isErrorCode(code) ? (REASONS_OF_CODE[code] ?? []) : []
}

function readDetail(value: unknown): readonly Detail[] {
  if (!isJsonObject(value)) return []
  const [location, message] = [stringMember(value, 'location'), stringMember(value, 'message')]
  return location === undefined || message === undefined ? [] : [{ location, message }]
}

function readMatch(given: JsonObject): FaultMatch {
  const match = given['match'] ?? {}
  if (!isJsonObject(match) || Object.keys(match).some((name) => !isMatchMember(name))) {
    throw fault('"match" is not right.', `It must be an object. ${knownAre(MATCH_MEMBERS)}`)
  }
  const read: FaultMatch[] = MATCH_MEMBERS.map((name) => {
    const value = stringMember(match, name)
    if (value === undefined && match[name] !== undefined) {
      throw fault(`"match.${name}" is not right.`, 'It must be text.')
    }
    return value === undefined ? {} : { [name]: name === 'method' ? value.toUpperCase() : value }
  })
  const whole = mergeAll(read)
  checkMatch(whole)
  return whole
}

function isMatchMember(name: string): boolean {
  return MATCH_MEMBERS.some((known) => known === name)
}

function checkMatch({ operation, path }: FaultMatch): void {
  const operations = OPERATIONS.map(({ name }) => name)
  if (operation !== undefined && !operations.includes(operation)) {
    throw fault('"match.operation" is not an operation.', knownAre(operations))
  }
  if (path !== undefined && !path.startsWith('/')) {
    throw fault('"match.path" is not a path.', 'It must begin with /, such as /flex/v2/*.')
  }
}

function readProbability(given: JsonObject): number {
  const { probability = 1 } = given
  if (isNumber(probability, 0, 1)) return probability
  throw fault('"probability" is not right.', 'It must be a number from 0 to 1.')
}

function readTimes(given: JsonObject, probability: number): number | 'always' {
  const { times = probability < 1 ? 'always' : 1 } = given
  if (times === 'always') return times
  if (isNumber(times, 1, MOST_TIMES) && Number.isInteger(times)) return times
  throw fault('"times" is not right.', 'It must be a whole number from 1 on, or "always".')
}

/** Merges objects of which each has some of the members. */
export function mergeAll<Whole extends object>(parts: readonly Whole[]): Whole {
  return parts.reduce((merged, part) => ({ ...merged, ...part }))
}

function isNumber(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most
}

function fault(problem: string, fix: string): OperatorError {
  return new OperatorError(problem, fix)
}

function knownAre(names: readonly string[]): string {
  return `Known are: ${names.join(', ')}.`
}

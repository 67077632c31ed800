import { ERRORS } from '../errors.ts'
import type { LogFields } from '../telemetry/logger.ts'
import { stringMember } from '../protocol/parse.ts'
import { sinceStart, type Exchange, type Refusal, type TimedStep } from './exchange.ts'
import { isErrorCode } from './fault.ts'
import { readLinks, type Links } from './links.ts'
import { scrubBody, scrubFields, scrubHeader, scrubText } from './scrub.ts'

/** How a request ended: answered well, with 4xx, with 5xx, or not to the end. */
export type Outcome = 'succeeded' | 'refused' | 'failed' | 'broken'

/** One request, in short. */
export interface RequestSummary {
  readonly id: string
  /** By the emulator's clock. */
  readonly at: string
  readonly method: string
  readonly path: string
  readonly operation: string | null
  readonly merchant: string | null
  readonly status: number | null
  readonly outcome: Outcome
  readonly code: string | null
  readonly reason: string | null
  /** The probable mistake, in a sentence. */
  readonly cause: string | null
  readonly milliseconds: number
  readonly kid: string | null
  readonly jti: string | null
  /** The ids of the faults that it met. */
  readonly faults: readonly string[]
}

/** The text of a body; cut where `truncated`. */
export interface RecordedBody {
  readonly text: string
  readonly bytes: number
  readonly truncated: boolean
}

/** Headers in their order, and a body. */
export interface RecordedMessage {
  readonly headers: readonly (readonly [string, string])[]
  readonly body: RecordedBody
}

/** An error as the catalogue describes it. */
export interface RecordedError {
  readonly code: string
  readonly status: number
  readonly actor: string
  readonly message: string
  readonly cause: string
  readonly fix: string
  readonly details: readonly unknown[]
}

/** One request, whole. Everything is scrubbed. */
export interface RequestRecord extends RequestSummary {
  readonly wallAt: string
  readonly correlationId: string | null
  readonly scheme: string | null
  readonly request: RecordedMessage
  /** Null when the connection ended before it was answered. */
  readonly reply: RecordedMessage | null
  readonly steps: readonly TimedStep[]
  readonly error: RecordedError | null
  readonly explanation: LogFields | null
  readonly links: Links & { readonly session: string | null }
}

/** What came in and went out, as it was. */
export interface Finished {
  readonly exchange: Exchange
  readonly at: Date
  readonly wallAt: Date
  readonly requestHeaders: readonly (readonly [string, string])[]
  readonly requestBody: Buffer
  readonly requestBytes: number
  /** Undefined when the connection ended before it was answered. */
  readonly reply: FinishedReply | undefined
}

/** What went out. */
export interface FinishedReply {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
  /** Whether all of it was sent. */
  readonly isWhole: boolean
}

const LONGEST_TEXT = 16 * 1024
const LONGEST_PATH = 8192

/** Makes the record of a request that has ended: scrubbed, before anybody keeps it. */
export function makeRecord(id: string, finished: Finished): RequestRecord {
  const { exchange, reply } = finished
  const { method, operation = null, merchant = null, scheme = null, refusal, steps } = exchange
  const requestBody = finished.requestBody.toString('utf8')
  const replyBody = reply?.body.toString('utf8') ?? ''
  const status = reply?.status ?? null
  const links = readLinks({ exchange, requestBody, replyBody, status: status ?? 0 })
  const { kid, jti } = links
  const path = scrubText(exchange.target.slice(0, LONGEST_PATH))
  const error = refusal === undefined ? null : describeError(refusal)
  return {
    id,
    at: finished.at.toISOString(),
    method,
    path,
    operation,
    merchant: merchant === null ? null : scrubText(merchant),
    status,
    outcome: outcomeOf(reply),
    code: refusal?.code ?? null,
    ...inShort(refusal),
    milliseconds: sinceStart(exchange),
    kid,
    jti,
    faults: [...exchange.met],
    wallAt: finished.wallAt.toISOString(),
    correlationId: headerOf(reply?.headers ?? [], 'v-c-correlation-id'),
    scheme,
    request: {
      headers: scrubHeaders(finished.requestHeaders),
      body: recordBody(requestBody, finished.requestBytes),
    },
    reply: reply === undefined ? null : recordReply(reply, replyBody),
    steps,
    error,
    explanation: refusal?.explanation ? scrubFields(refusal.explanation) : null,
    links: { ...links, session: kid === null ? null : `/_dev/sessions/${kid}` },
  }
}

/** Takes of a record what a list shows. */
export function summaryOf(record: RequestRecord): RequestSummary {
  const { wallAt: _wallAt, correlationId: _correlationId, scheme: _scheme, ...rest } = record
  const { request: _request, reply: _reply, steps: _steps, ...shorter } = rest
  const { error: _error, explanation: _explanation, links: _links, ...summary } = shorter
  return summary
}

/** Estimates how many bytes a record takes. */
export function sizeOf({ path, request, reply, explanation }: RequestRecord): number {
  const explained = explanation === null ? 0 : JSON.stringify(explanation).length
  return 1000 + path.length + lengthOf(request) + (reply === null ? 0 : lengthOf(reply)) + explained
}

function lengthOf({ headers, body }: RecordedMessage): number {
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length, body.text.length)
}

function outcomeOf(reply: FinishedReply | undefined): Outcome {
  if (reply === undefined || !reply.isWhole) return 'broken'
  if (reply.status >= 500) return 'failed'
  return reply.status >= 400 ? 'refused' : 'succeeded'
}

function describeError({ code, details }: Refusal): RecordedError | null {
  if (!isErrorCode(code)) return null
  const { status, actor, message, cause, fix } = ERRORS[code]
  return { code, status, actor, message, cause, fix, details }
}

function inShort(refusal: Refusal | undefined): Pick<RequestSummary, 'reason' | 'cause'> {
  if (refusal === undefined) return { reason: null, cause: null }
  const { code, explanation } = refusal
  const known = isErrorCode(code) ? ERRORS[code].cause : null
  const said = (name: string): string | undefined => stringMember(explanation ?? {}, name)
  const clock = said('clockDifference')
  const ofClock = clock === undefined ? undefined : `The client's clock is off: ${clock}.`
  const cause = said('mistake') ?? ofClock ?? said('message') ?? known
  return { reason: said('reason') ?? null, cause }
}

function recordReply(reply: FinishedReply, text: string): RecordedMessage {
  return { headers: scrubHeaders(reply.headers), body: recordBody(text, reply.body.length) }
}

function recordBody(text: string, bytes: number): RecordedBody {
  const scrubbed = scrubBody(text)
  const truncated = scrubbed.length > LONGEST_TEXT || Buffer.byteLength(text) < bytes
  return { text: scrubbed.slice(0, LONGEST_TEXT), bytes, truncated }
}

function scrubHeaders(
  headers: readonly (readonly [string, string])[],
): readonly (readonly [string, string])[] {
  return headers.map(([name, value]) => [name, scrubHeader(name, value)] as const)
}

function headerOf(headers: readonly (readonly [string, string])[], name: string): string | null {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? null
}

import { numberMember } from '../protocol/parse.ts'
import { dateInWords, distanceInWords, durationInWords } from './time-in-words.ts'
import type { Check, Note } from './note.ts'
import type { Scene } from './report.ts'
import { showValue } from './show-value.ts'

/** Beyond this a time was surely written in milliseconds: the year 5138. */
const LEAST_MILLISECONDS = 100_000_000_000

function isInSeconds(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < LEAST_MILLISECONDS
}

const mustBeSeconds: Check = (value) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 'is not a number of seconds'
  return isInSeconds(value) ? undefined : 'is in milliseconds; JWTs count seconds'
}

const showSeconds = (value: unknown): string =>
  isInSeconds(value) ? String(value) : showValue(value)

/** Writes a time of a JWT, and how far it is from now; `verb` says what happens then, such as `expires` or `expired`. */
function timeInWords(value: unknown, now: number, verb: (isPast: boolean) => string): string {
  if (!isInSeconds(value)) return 'a time in seconds since 1970'
  return `${dateInWords(value)}, ${verb(value <= now)} ${distanceInWords(value, now)}`
}

/** The note of `exp`. */
export const EXP: Note = {
  name: 'exp',
  required: true,
  show: showSeconds,
  meaning: (value, { now }) => timeInWords(value, now, (past) => (past ? 'expired' : 'expires')),
  check: (value, scene) =>
    mustBeSeconds(value, scene) ??
    (Number(value) <= scene.now
      ? `has passed: it expired ${distanceInWords(Number(value), scene.now)}`
      : undefined),
}

/** The note of `iat`. */
export const IAT: Note = {
  name: 'iat',
  required: true,
  show: showSeconds,
  meaning: (value, { now }) =>
    timeInWords(value, now, (past) => (past ? 'issued' : 'issued in the future,')),
  check: (value, scene) =>
    mustBeSeconds(value, scene) ??
    (Number(value) > scene.now
      ? `is ahead of this machine’s clock by ${durationInWords(Number(value) - scene.now)}`
      : undefined),
}

/** The note of `nbf`. */
export const NBF: Note = {
  name: 'nbf',
  show: showSeconds,
  meaning: (value, { now }) => timeInWords(value, now, () => 'not good before that,'),
  check: mustBeSeconds,
}

/** How many seconds pass from `iat` to `exp`; undefined when one of them is missing or is not in seconds. */
export function lifetimeOf({ claims }: Scene): number | undefined {
  const [iat, exp] = [numberMember(claims, 'iat'), numberMember(claims, 'exp')]
  if (iat === undefined || exp === undefined) return undefined
  return isInSeconds(iat) && isInSeconds(exp) ? exp - iat : undefined
}

/** Says what is wrong when `exp` is not later than `iat`. */
export function orderFault(scene: Scene): string | undefined {
  const lifetime = lifetimeOf(scene)
  return lifetime !== undefined && lifetime <= 0 ? 'exp is not later than iat.' : undefined
}

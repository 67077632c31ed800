const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const DURATION = /^(-)?(?:\d{1,9}(?:\.\d{1,3})?[smhd]){1,4}$/
const TERM = /(\d+(?:\.\d+)?)([smhd])/g
const MOST_SECONDS = 100 * 365 * 86_400

/** Reads a duration: `90s`, `15m`, `1h30m`, `-2d`, or a number of seconds. Undefined when it is neither. */
export function readDuration(given: unknown): number | undefined {
  const seconds = typeof given === 'string' ? parseDuration(given) : given
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return undefined
  return Math.abs(seconds) <= MOST_SECONDS ? seconds : undefined
}

function parseDuration(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^-?\d{1,10}$/.test(trimmed)) return Number(trimmed)
  const sign = DURATION.exec(trimmed)
  if (sign === null) return undefined
  const terms = [...trimmed.matchAll(TERM)]
  const seconds = terms.reduce((sum, [, count, unit]) => sum + termSeconds(count, unit), 0)
  return sign[1] === undefined ? seconds : -seconds
}

function termSeconds(count = '0', unit = 's'): number {
  return Number(count) * (UNITS[unit] ?? 1)
}

// With a zone: without one a time means another on every machine.
const ISO = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/
const EARLIEST = Date.UTC(2000, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)

/** Tells whether the emulator's clock can be set to a time: the years 2000 to 2099. */
export function isClockTime(time: Date): boolean {
  const milliseconds = time.getTime()
  return milliseconds >= EARLIEST && milliseconds < LATEST
}

/** Reads a time: ISO 8601 with a zone, seconds since the epoch, or a Date. Undefined when it is none the clock can be set to. */
export function readTime(given: unknown): Date | undefined {
  const time = toDate(given)
  return time !== undefined && isClockTime(time) ? time : undefined
}

function toDate(given: unknown): Date | undefined {
  if (given instanceof Date) return new Date(given)
  if (typeof given === 'number') return new Date(given * 1000)
  if (typeof given !== 'string') return undefined
  const text = given.trim()
  if (/^\d{9,10}$/.test(text)) return new Date(Number(text) * 1000)
  return ISO.test(text) ? new Date(text) : undefined
}

import type { Summary } from './control/answers.ts'

const OPERATIONS: ReadonlyMap<string, string> = new Map([
  ['generateFlexAPICaptureContext', 'Open session'],
  ['generateCaptureContext', 'Open session (fields)'],
  ['createTransientToken', 'Create token'],
  ['getPaymentDetailsByJti', 'Payment details'],
  ['getPaymentDetailsByToken', 'Payment details'],
  ['getPaymentCredentials', 'Payment credentials'],
  ['createPayment', 'Payment (stub)'],
  ['getPublicKey', 'Public key'],
  ['getJwks', 'Public keys'],
])

/** Says what an operation does; its own name when it is not known here. */
export function operationWords(operation: string): string {
  return OPERATIONS.get(operation) ?? operation
}

/** Says what a request asked for. */
export function titleOf({
  operation,
  method,
  path,
}: Pick<Summary, 'operation' | 'method' | 'path'>): string {
  return operation === null ? `${method} ${path.slice(0, 60)}` : operationWords(operation)
}

/** Writes the time of day, with milliseconds, in UTC, as the log does. */
export function timeOfDay(iso: string): string {
  return iso.slice(11, 23)
}

/** Writes a time as `2026-11-25 16:30:02 UTC`. */
export function dateAndTime(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}

/** Writes milliseconds with one digit after the point while they are few. */
export function milliseconds(value: number): string {
  return `${value < 100 ? value.toFixed(1) : value.toFixed(0)} ms`
}

/** Writes a size. */
export function bytesInWords(bytes: number): string {
  return bytes < 1000 ? `${bytes} bytes` : `${(bytes / 1000).toFixed(1)} kB`
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** Says a length of time in its two largest units. */
export function durationInWords(seconds: number): string {
  let rest = Math.round(Math.abs(seconds))
  const terms = UNITS.flatMap(([unit, length]) => {
    const count = Math.floor(rest / length)
    rest %= length
    return count === 0 ? [] : [plural(count, unit)]
  })
  return terms.slice(0, 2).join(' ') || '0 seconds'
}

/** Writes a count and what is counted. */
export function plural(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** Shortens an id in the middle, for where there is little room. */
export function shortId(id: string): string {
  return id.length <= 14 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`
}

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365.25 * DAY

const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ['year', YEAR],
  ['day', DAY],
  ['hour', HOUR],
  ['minute', MINUTE],
]

/** The last second that a date of the platform can name. */
const LAST_SECOND = 8_640_000_000_000

/** Says in words how long a time is, in the largest unit of which there are at least two: `3 minutes`, `90 seconds`. */
export function durationInWords(seconds: number): string {
  const distance = Math.abs(Math.round(seconds))
  const [unit, size] = UNITS.find((candidate) => distance >= 2 * candidate[1]) ?? ['second', 1]
  const amount = Math.round(distance / size)
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

/** Says in words how far a time is from now, both in seconds since the epoch: `in 3 minutes`, `3 minutes ago`. */
export function distanceInWords(at: number, now: number): string {
  if (Math.round(at) === Math.round(now)) return 'now'
  return at > now ? `in ${durationInWords(at - now)}` : `${durationInWords(now - at)} ago`
}

/** Writes a time, in seconds since the epoch, as a date: `2027-01-15 08:00:00 UTC`. */
export function dateInWords(at: number): string {
  if (Math.abs(at) > LAST_SECOND) return 'no date'
  return `${new Date(at * 1000).toISOString().slice(0, -5).replace('T', ' ')} UTC`
}

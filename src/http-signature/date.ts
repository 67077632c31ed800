const MONTHS: readonly string[] = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

const HTTP_DATE =
  /^([A-Z][a-z]{2}), (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{1,2}):(\d{2}):(\d{2}) (?:GMT|UTC)$/

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/**
 * Returns the seconds since the epoch that an HTTP date names; undefined for anything else.
 *
 * The fixed format of RFC 9110 §5.6.7, and what official clients make of it: a day or hour of one digit, `UTC` for
 * `GMT`. A date that does not exist, or falls on another weekday, is refused.
 */
export function parseHttpDate(value: string): number | undefined {
  const [, weekday = '', day = '', month = '', year = '', hour = '', minute = '', second = ''] =
    HTTP_DATE.exec(value) ?? []
  // Date.UTC lets fields overflow: a date that exists is one that is written as it was read.
  const date = new Date(Date.UTC(+year, MONTHS.indexOf(month), +day, +hour, +minute, +second))
  const canonical = `${weekday}, ${twoDigits(day)} ${month} ${year} ${twoDigits(hour)}:${minute}:${second} GMT`
  return formatHttpDate(date) === canonical ? date.getTime() / 1000 : undefined
}

function twoDigits(digits: string): string {
  return digits.padStart(2, '0')
}

/** Writes a date in the fixed format of RFC 9110 §5.6.7, to the second. The date is valid and of the years 0 to 9999. */
export function formatHttpDate(date: Date): string {
  return date.toUTCString()
}

/**
 * Says in words how far a client's clock is from ours: its time minus ours, in seconds. Positive is ahead.
 *
 * A distance that a time zone can have is called one: clients are known to print local time and label it GMT.
 */
export function describeClockDifference(seconds: number): string {
  const distance = Math.abs(Math.round(seconds))
  if (distance === 0) return 'no difference'
  const direction = seconds > 0 ? 'ahead' : 'behind'
  return `${describeDuration(distance)} ${direction}${describeTimeZone(distance)}`
}

function describeDuration(seconds: number): string {
  if (seconds < MINUTE) return count(seconds, 'second')
  if (seconds >= 2 * DAY) return count(Math.round(seconds / DAY), 'day')
  const minutes = Math.round(seconds / MINUTE)
  const parts = [count(Math.floor(minutes / 60), 'hour'), count(minutes % 60, 'minute')]
  return parts.filter((part) => !part.startsWith('0 ')).join(' ')
}

function describeTimeZone(seconds: number): string {
  const minutes = Math.round(seconds / MINUTE)
  if (minutes < 60 || minutes > 14 * 60) return ''
  if (minutes % 60 === 0) {
    return ': a whole number of hours, so probably a time zone bug in the client'
  }
  const isZone = minutes % 60 === 30 || minutes % 60 === 45
  return isZone ? ': as far as a time zone, so probably a time zone bug in the client' : ''
}

function count(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

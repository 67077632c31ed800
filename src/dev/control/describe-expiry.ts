import { describeClockDifference } from '../../http-signature/date.ts'

/** Says when something expires or expired; both times are seconds since the epoch. */
export function describeExpiry(exp: number, now: number): string {
  const distance = Math.abs(exp - now)
  // Without the guess at a time zone, which is for clocks.
  const [words = ''] = describeClockDifference(distance).split(' ahead')
  return exp > now ? `expires in ${words}` : `expired ${words} ago`
}

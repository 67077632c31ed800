import { epochSeconds, type Now } from '../clock-and-random.ts'
import { describeClockDifference } from '../http-signature/date.ts'
import { refuse } from './refusals.ts'

/** The clock by which merchants' signatures are judged, and how far theirs may be from it. */
export interface TimeNeeds {
  /** The wall clock: official clients sign with real time. */
  readonly now: Now
  /** Positive. */
  readonly toleranceSeconds: number
}

/**
 * Checks a time of signing, in seconds since the epoch.
 *
 * @throws ServiceError `AUTHENTICATION_FAILED` that says the difference in words.
 */
export function checkTime(signedAt: number, { now, toleranceSeconds }: TimeNeeds): void {
  const difference = signedAt - epochSeconds(now)
  if (Math.abs(difference) <= toleranceSeconds) return
  throw refuse('CLOCK_DIFFERS', {
    clockDifference: describeClockDifference(difference),
    differenceSeconds: difference,
    toleranceSeconds,
  })
}

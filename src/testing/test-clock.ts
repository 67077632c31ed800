import type { ClockState, DevClock, TimeInput } from '../dev/clock.ts'

/** The one clock of the emulator. Times are a Date, ISO 8601 with a zone, or seconds since the epoch. */
export interface TestClock {
  /** What time it is in the emulator. */
  now(): Date
  /** Stops the clock, at a time or (default) now. Throws OperatorError when that is no time. */
  freeze(at?: TimeInput): void
  /** Sets the time: a frozen clock stays frozen, any other runs on from there. Throws OperatorError when that is no time. */
  set(at: TimeInput): void
  /** Moves the time by a duration such as `16m`, `1h30m` or `-5m`, or by seconds. Throws OperatorError when it is neither. */
  advance(by: string | number): void
  /** Goes back to the machine's clock, for signatures too. */
  resume(): void
  /** Has merchants' signatures checked against this clock. Default is the machine's, as official clients sign with real time. */
  followSignatures(follow: boolean): void
  state(): ClockState
}

/** Makes of a clock what tests see of it. */
export function createTestClock(clock: DevClock): TestClock {
  const { now, freeze, set, advance, resume, followSignatures, state } = clock
  return { now, freeze, set, advance, resume, followSignatures, state }
}

import type { Now } from '../../src/clock-and-random.ts'

/** A clock that a test sets. */
export interface TestClock {
  readonly now: Now
  /** Seconds since the epoch. */
  seconds(): number
  /** Moves the clock on; parts of a second count. */
  advance(seconds: number): void
}

/** Makes a clock that stands still at the last millisecond of a second. */
export function createTestClock(): TestClock {
  let milliseconds = 1_700_000_000_999
  return {
    now: () => new Date(milliseconds),
    seconds: () => Math.floor(milliseconds / 1000),
    advance: (seconds) => {
      milliseconds += seconds * 1000
    },
  }
}

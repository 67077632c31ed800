import { SLACK } from './cases.ts'

/** What is said of a limit; `invalid` when nothing can be said. */
export type Verdict = 'met' | 'met within the slack' | 'missed' | 'invalid'

/** Judges a ratio that was measured validly. */
export function judgeRatio(ratio: number, limit: number): Verdict {
  if (ratio <= limit) return 'met'
  return ratio <= limit * (1 + SLACK) ? 'met within the slack' : 'missed'
}

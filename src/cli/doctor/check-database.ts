import { OperatorError } from '../../errors.ts'
import type { DatabaseFacts } from '../../store/database-facts.ts'
import type { Facts } from './facts.ts'
import { note, ok, problem, warning, type Finding } from './finding.ts'

const SLOW_MILLISECONDS = 50
const TOLERATED_MILLISECONDS = 1000
const NEARLY_ALL = 0.8

/** Judges the database of an engine that has one. */
export function checkDatabase({ database }: Pick<Facts, 'database'>): readonly Finding[] {
  if (database === undefined) return []
  if (database instanceof OperatorError) return [problem(database.problem, database.fix)]
  return [
    judgeStore(database),
    judgeDistance(database),
    judgeDatabaseClock(database),
    judgeConnections(database),
  ]
}

function judgeStore({ place, product, isMade, isCurrent, refusal }: DatabaseFacts): Finding {
  if (refusal !== undefined) return problem(refusal.problem, refusal.fix)
  if (!isMade) {
    return problem(
      `Nothing is set up: there is no store in ${place}.`,
      'Run "coatcheck keys init" first, or name its database with --store.',
    )
  }
  if (!isCurrent) {
    return note(
      `${place} is not complete, or has an older schema.`,
      'Back it up, then start "coatcheck serve": it brings the schema up to date.',
    )
  }
  return ok(`${place} is ${product}, writable, and keeps what it acknowledges.`)
}

function judgeDistance({ place, roundTripMilliseconds }: DatabaseFacts): Finding {
  const what = `${place} answers within ${roundTripMilliseconds} ms.`
  if (roundTripMilliseconds <= SLOW_MILLISECONDS) return ok(what)
  return warning(what, 'Bring it nearer: every session and every token waits for it.')
}

function judgeDatabaseClock({ aheadMilliseconds }: DatabaseFacts): Finding {
  const distance = Math.abs(aheadMilliseconds)
  if (distance <= TOLERATED_MILLISECONDS) {
    return ok(`The clock of the database is within ${TOLERATED_MILLISECONDS} ms of ours.`)
  }
  const where = aheadMilliseconds > 0 ? 'ahead of' : 'behind'
  return warning(
    `The clock of the database is ${distance} ms ${where} ours.`,
    'Keep both by NTP: replicas decide expiry by their own clocks, which must agree.',
  )
}

function judgeConnections({ connections: { used, limit } }: DatabaseFacts): Finding {
  const what = `${used} of ${limit} connections of the database are in use.`
  if (used < limit * NEARLY_ALL) return ok(what)
  return warning(what, 'Raise its limit, or run fewer workers.')
}

import type { DatabaseSync } from 'node:sqlite'
import { ServiceError } from '../errors.ts'
import { isBusy } from './sqlite-result-code.ts'
import { storeUnavailable } from './store-unavailable.ts'

/** Runs the writes of two event-loop turns in one transaction. */
export interface TurnQueue {
  /**
   * Runs a job in the next transaction; resolves to its result once the transaction is durable. A job may be run again, after
   * what it did to the database was undone.
   */
  run<T>(job: () => T): Promise<T>
  /** Resolves when everything queued so far is settled. */
  drain(): Promise<void>
}

interface Queued {
  readonly job: () => void
  readonly settle: (failure: ServiceError | undefined) => void
}

// Together with what a connection waits by itself, 5 seconds.
const PAUSE_MILLISECONDS = 25
const MOST_PAUSES = 40

/**
 * Makes the queue of one database. When a transaction fails, every job of it rejects with `STORE_UNAVAILABLE`. While another
 * connection writes, it is tried again for 5 seconds, with pauses in which the process does other things.
 *
 * It waits one turn for the requests that are a step behind: in an idle process that turn takes microseconds, and in a busy
 * one a transaction costs more than the wait. Those that were committed together are answered together, and stay together.
 */
export function createTurnQueue(db: DatabaseSync): TurnQueue {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  let queued: Queued[] = []
  let pauses = 0

  function commitLater(): void {
    setImmediate(() => setImmediate(commitQueued))
  }

  function commitQueued(): void {
    const turn = queued
    const cause = runTogether(turn)
    if (isBusy(cause) && pauses < MOST_PAUSES) {
      pauses += 1
      setTimeout(commitQueued, PAUSE_MILLISECONDS)
      return
    }
    queued = []
    pauses = 0
    const failure = cause === undefined ? undefined : storeUnavailable(cause)
    for (const { settle } of turn) settle(failure)
  }

  /** Runs a turn's jobs in a transaction, or none of them, and returns what it failed of. */
  function runTogether(turn: readonly Queued[]): unknown {
    try {
      begin.run()
      for (const { job } of turn) job()
      commit.run()
      return undefined
    } catch (cause) {
      rollBack(db)
      return cause
    }
  }

  function run<T>(job: () => T): Promise<T> {
    if (queued.length === 0) commitLater()
    return new Promise((resolve, reject) => {
      let result: { readonly value: T } | undefined
      queued.push({
        job: () => {
          result = { value: job() }
        },
        settle: (failure) => {
          if (failure === undefined && result !== undefined) resolve(result.value)
          else reject(failure ?? new ServiceError('STORE_UNAVAILABLE'))
        },
      })
    })
  }

  async function drain(): Promise<void> {
    // A turn that fails has told its own callers.
    if (queued.length > 0) await run(() => undefined).catch(() => undefined)
  }

  return { run, drain }
}

function rollBack(db: DatabaseSync): void {
  try {
    if (db.isTransaction) db.exec('ROLLBACK')
  } catch {
    // The first failure is the one to report; SQLite has rolled back by itself where it could not be told to.
  }
}

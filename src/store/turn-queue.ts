import type { DatabaseSync } from 'node:sqlite'
import { ServiceError } from '../errors.ts'
import { storeUnavailable } from './store-unavailable.ts'

/** Runs the writes of two event-loop turns in one transaction. */
export interface TurnQueue {
  /** Runs a job in the next transaction; resolves to its result once the transaction is durable. */
  run<T>(job: () => T): Promise<T>
  /** Resolves when everything queued so far is settled. */
  drain(): Promise<void>
}

interface Queued {
  readonly job: () => void
  readonly settle: (failure: ServiceError | undefined) => void
}

/**
 * Makes the queue of one database. When a transaction fails, every job of it rejects with `STORE_UNAVAILABLE`.
 *
 * It waits one turn for the requests that are a step behind: in an idle process that turn takes microseconds, and in a busy
 * one a transaction costs more than the wait. Those that were committed together are answered together, and stay together.
 */
export function createTurnQueue(db: DatabaseSync): TurnQueue {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  let queued: Queued[] = []

  function commitLater(): void {
    setImmediate(() => setImmediate(commitQueued))
  }

  function commitQueued(): void {
    const turn = queued
    queued = []
    const failure = runTogether(turn)
    for (const { settle } of turn) settle(failure)
  }

  function runTogether(turn: readonly Queued[]): ServiceError | undefined {
    try {
      begin.run()
      for (const { job } of turn) job()
      commit.run()
      return undefined
    } catch (cause) {
      rollBack(db)
      return storeUnavailable(cause)
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

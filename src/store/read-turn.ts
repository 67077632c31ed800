import type { DatabaseSync } from 'node:sqlite'
import { storeUnavailable } from './store-unavailable.ts'

/** Runs a read at the end of the event-loop turn; rejects with `STORE_UNAVAILABLE` when it throws. */
export type RunRead = <T>(read: () => T) => Promise<T>

/** Makes what runs the reads of one event-loop turn in a row, in one snapshot: each alone would lock the file for itself. */
export function createReadTurn(db: DatabaseSync): RunRead {
  const begin = db.prepare('BEGIN')
  const end = db.prepare('COMMIT')
  let queued: (() => void)[] = []

  function runQueued(): void {
    const turn = queued
    queued = []
    const hasBegun = succeeds(() => begin.run())
    for (const read of turn) read()
    if (hasBegun) succeeds(() => end.run())
  }

  return function run(read) {
    if (queued.length === 0) setImmediate(runQueued)
    return new Promise((resolve, reject) => {
      queued.push(() => {
        try {
          resolve(read())
        } catch (cause) {
          reject(storeUnavailable(cause))
        }
      })
    })
  }
}

// Where there is no snapshot to be had, every read finds that out for itself.
function succeeds(run: () => unknown): boolean {
  try {
    run()
    return true
  } catch {
    return false
  }
}

import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import { KINDS, type Kind, type Mode, type Store, type Write } from './contract.ts'
import { assertOneLifetime } from './memory.ts'
import { createReadTurn, type RunRead } from './read-turn.ts'
import { openSqliteFile, SQLITE_FILES } from './sqlite-file.ts'
import { prepareRecords, type RecordTable } from './sqlite-records.ts'
import { storeUnavailable } from './store-unavailable.ts'
import { createTurnQueue, type TurnQueue } from './turn-queue.ts'

interface SqliteOptions {
  /** The data folder; it is made when it is not there. */
  readonly folder: string
  readonly mode: Mode
  readonly now: Now
}

interface Engine {
  readonly db: DatabaseSync
  readonly table: RecordTable
  readonly queue: TurnQueue
  readonly runRead: RunRead
  readonly applyBatch: ApplyBatch
}

/**
 * Opens the embedded store: SQLite in WAL mode with `synchronous=FULL`, so that an acknowledged write survives a crash
 * of the process and, as SQLite documents, of the machine. Writes of two event-loop turns share one transaction.
 *
 * @throws OperatorError when a file is damaged, foreign, of the other mode or of a newer version.
 */
export function openSqliteStore({ folder, mode, now }: SqliteOptions): Store {
  const engines = openEngines(folder, mode)
  const engineOf = (kind: Kind): Engine => engines[KINDS[kind]]
  const read = <T>(kind: Kind, query: (table: RecordTable, seconds: number) => T): Promise<T> => {
    const { table, runRead } = engineOf(kind)
    return runRead(() => query(table, epochSeconds(now)))
  }

  return {
    get: (kind, name) => read(kind, (table, seconds) => table.get(kind, name, seconds)),
    list: (kind) => read(kind, (table, seconds) => table.list(kind, seconds)),
    depth: (kind) => read(kind, (table, seconds) => table.depth(kind, seconds)),
    write: async (batch) => {
      const [first] = batch
      assertOneLifetime(batch)
      if (first === undefined) return true
      const { applyBatch, queue } = engineOf(first.kind)
      const copy = batch.map(copyOf)
      return queue.run(() => applyBatch(copy, epochSeconds(now)))
    },
    take: (kind, limit) => {
      const { table, queue } = engineOf(kind)
      return queue.run(() => table.take(kind, limit, epochSeconds(now)))
    },
    claim: async (kind, limit, as) => {
      assertOneLifetime([{ kind }, as])
      const { table, queue } = engineOf(kind)
      return queue.run(() => table.claim(kind, limit, { as, seconds: epochSeconds(now) }))
    },
    purge: async () => {
      const purged = await Promise.all(
        Object.values(engines).map((engine) => purgeEngine(engine, now)),
      )
      return purged.reduce((sum, count) => sum + count, 0)
    },
    close: async () => {
      // The reads of this turn come first.
      await setImmediate()
      for (const { db, queue } of Object.values(engines)) {
        await queue.drain()
        if (db.isOpen) db.close()
      }
    },
  }
}

function openEngines(
  folder: string,
  mode: Mode,
): { readonly lasting: Engine; readonly passing: Engine } {
  const lasting = openEngine(join(folder, SQLITE_FILES.lasting), mode)
  try {
    return { lasting, passing: openEngine(join(folder, SQLITE_FILES.passing), mode) }
  } catch (error) {
    lasting.db.close()
    throw error
  }
}

function openEngine(path: string, mode: Mode): Engine {
  const db = openSqliteFile(path, mode)
  const table = prepareRecords(db)
  const [queue, runRead] = [createTurnQueue(db), createReadTurn(db)]
  return { db, table, queue, runRead, applyBatch: prepareBatches(db, table) }
}

/** Purges in chunks, one a turn, so that no transaction is long; then what was deleted leaves the WAL too. */
async function purgeEngine({ db, table, queue }: Engine, now: Now): Promise<number> {
  let purged = 0
  let chunk: number
  do {
    chunk = await queue.run(() => table.purge(epochSeconds(now)))
    purged += chunk
  } while (chunk > 0)
  emptyWal(db)
  return purged
}

function emptyWal(db: DatabaseSync): void {
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (cause) {
    throw storeUnavailable(cause)
  }
}

/** Copies a write: it is carried out at the end of the turn, and its caller may have wiped the value by then. */
function copyOf(write: Write): Write {
  if (!('value' in write)) return write
  const value = Buffer.from(write.value)
  return write.op === 'replace'
    ? { ...write, value, previous: Buffer.from(write.previous) }
    : { ...write, value }
}

type ApplyBatch = (batch: readonly Write[], seconds: number) => boolean

/** Prepares what makes a batch of changes, or none of them and says false. Must run in a transaction. */
function prepareBatches(db: DatabaseSync, { apply }: RecordTable): ApplyBatch {
  const mark = db.prepare('SAVEPOINT batch')
  const undo = db.prepare('ROLLBACK TO batch')
  const release = db.prepare('RELEASE batch')

  return function applyBatch(batch, seconds) {
    const [first] = batch
    if (batch.length === 1 && first !== undefined) return apply(first, seconds)
    mark.run()
    const written = batch.every((write) => apply(write, seconds))
    if (!written) undo.run()
    release.run()
    return written
  }
}

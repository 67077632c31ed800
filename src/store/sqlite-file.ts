import { closeSync, existsSync, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { OperatorError } from '../errors.ts'
import { systemReason } from '../system-error.ts'
import type { Mode } from './contract.ts'
import { makeFolder } from './make-folder.ts'
import { isBusy, isDamaged } from './sqlite-result-code.ts'

/** The two files of the embedded store, in its data folder. */
export const SQLITE_FILES = { lasting: 'coatcheck.db', passing: 'vault.db' } as const
/** The application id that our database files carry. */
export const APPLICATION_ID = 0x434f4154
/**
 * What every connection sets, as SQLite does not keep it in the file. What a statement needs to undo itself would go through a
 * file outside our folder.
 */
export const CONNECTION_SETTINGS =
  'PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;'
const BUSY_MILLISECONDS = 5000
// While SQLite waits, the process does nothing else: see the turn queue, which waits longer.
const BUSY_MILLISECONDS_ONCE_OPEN = 100
const RETRY_MILLISECONDS = 10
const CACHE_KIB = 32 * 1024
// Purging checkpoints every half minute; this bounds the WAL when writing is faster than that.
const CHECKPOINT_PAGES = 4000

// One entry a schema version; an entry is never changed once released.
const MIGRATIONS = [
  `CREATE TABLE stamp (mode TEXT NOT NULL) STRICT;
   CREATE TABLE records (
     id INTEGER PRIMARY KEY,
     kind TEXT NOT NULL,
     name TEXT NOT NULL,
     expires_at INTEGER,
     issued INTEGER NOT NULL DEFAULT 0,
     opened INTEGER NOT NULL DEFAULT 0,
     failed INTEGER NOT NULL DEFAULT 0,
     value BLOB NOT NULL,
     UNIQUE (name, kind)
   ) STRICT;
   CREATE INDEX records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
   CREATE INDEX pool_keys_by_age ON records (kind, id, expires_at) WHERE kind = 'pool-key';
   CREATE INDEX rotated_pool_keys_by_age ON records (kind, id, expires_at) WHERE kind = 'rotated-pool-key';`,
]

// Before it the format of sealed records was not settled.
const FIRST_SCHEMA = 2

/** The schema version that this program writes. */
export const SCHEMA_VERSION: number = FIRST_SCHEMA - 1 + MIGRATIONS.length

/**
 * Opens one database file, making it when it is not there, and brings its schema up to date.
 *
 * Nothing is written to a file that is not ours.
 *
 * @throws OperatorError when the file is damaged, foreign, of the other mode, of a newer version or not accessible.
 */
export function openSqliteFile(path: string, mode: Mode): DatabaseSync {
  createPrivately(path)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS })
    checkIdentity(db, path, mode)
    configure(db)
    migrate(db, mode)
    checkMode(db, path, mode)
    db.exec(`PRAGMA busy_timeout = ${BUSY_MILLISECONDS_ONCE_OPEN}`)
    return db
  } catch (error) {
    db?.close()
    throw explainSqliteError(error, path)
  }
}

function createPrivately(path: string): void {
  try {
    makeFolder(dirname(path))
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    throw explainSqliteError(error, path)
  }
}

function checkIdentity(db: DatabaseSync, path: string, mode: Mode): void {
  // One snapshot: another process may be making the schema at this moment.
  db.exec('BEGIN')
  const applicationId = readNumber(db, 'PRAGMA application_id')
  const tables = readNumber(db, 'SELECT count(*) FROM sqlite_schema')
  const version = readNumber(db, 'PRAGMA user_version')
  db.exec('COMMIT')
  const isEmpty = applicationId === 0 && tables === 0 && version === 0
  if (applicationId !== APPLICATION_ID && !isEmpty) {
    throw new OperatorError(
      `${path} is a database of another program.`,
      'Name a folder of its own with --data; nothing was changed.',
    )
  }
  if (version > SCHEMA_VERSION) {
    throw new OperatorError(
      `${path} was written by a newer version of Coatcheck (schema ${version}, this one knows ${SCHEMA_VERSION}).`,
      'Run that version, or restore a backup; nothing was changed.',
    )
  }
  if (!isEmpty && version < FIRST_SCHEMA) {
    throw new OperatorError(
      `${path} was written by an early version of Coatcheck, whose records this one does not read.`,
      'Delete its folder to start afresh, or name another with --data; nothing was changed.',
    )
  }
  if (!isEmpty) checkMode(db, path, mode)
}

function configure(db: DatabaseSync): void {
  useWal(db)
  db.exec(CONNECTION_SETTINGS)
  db.exec(`PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
}

/** Switches to WAL. SQLite itself does not wait here for processes that open the same new file at the same moment. */
function useWal(db: DatabaseSync): void {
  for (let waited = 0; ; waited += RETRY_MILLISECONDS) {
    try {
      db.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (!isBusy(error) || waited >= BUSY_MILLISECONDS) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MILLISECONDS)
    }
  }
}

function migrate(db: DatabaseSync, mode: Mode): void {
  if (readNumber(db, 'PRAGMA user_version') === SCHEMA_VERSION) return
  db.exec('BEGIN IMMEDIATE')
  const version = readNumber(db, 'PRAGMA user_version')
  const done = version === 0 ? 0 : version - FIRST_SCHEMA + 1
  for (const migration of MIGRATIONS.slice(done)) db.exec(migration)
  if (version === 0) db.prepare('INSERT INTO stamp (mode) VALUES (?)').run(mode)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`)
  db.exec('COMMIT')
}

function checkMode(db: DatabaseSync, path: string, mode: Mode): void {
  const stamped = db.prepare('SELECT mode FROM stamp').get()?.['mode']
  if (stamped === mode) return
  throw new OperatorError(
    `${path} belongs to "coatcheck ${String(stamped)}".`,
    `"coatcheck ${mode}" needs a data folder of its own: name it with --data.`,
  )
}

/** Reads the one number that a query gives; 0 when it gives none. */
export function readNumber(db: DatabaseSync, sql: string): number {
  const value = Object.values(db.prepare(sql).get() ?? {})[0]
  return typeof value === 'number' ? value : 0
}

const MEND_LASTING =
  'Restore it from a backup, or name another folder with --data; nothing was changed.'
/** What helps where the file of what passes is damaged: no backup has it, and none may bring it back. */
export const MEND_PASSING: string = [
  'With nothing running, delete vault.db, vault.db-wal and vault.db-shm: what they hold lives for minutes to a day, and never comes from a backup.',
  'Only the trail of releases is meant to stay: save what "coatcheck audit list" still reads of it before, or copy the files aside if it reads nothing.',
].join(' ')

/** Says in a sentence why a database file cannot be used. */
export function explainSqliteError(error: unknown, path: string): OperatorError {
  if (error instanceof OperatorError) return error
  if (isDamaged(error)) {
    return new OperatorError(
      `${path} is damaged or not a database.`,
      basename(path) === SQLITE_FILES.passing ? MEND_PASSING : MEND_LASTING,
      error,
    )
  }
  return new OperatorError(
    `${path} cannot be opened: ${systemReason(error)}.`,
    'Check that the folder exists, can be written by this user and has space.',
    error,
  )
}

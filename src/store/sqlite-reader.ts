import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import { ServiceError } from '../errors.ts'
import { KINDS, type Kind, type Store } from './contract.ts'
import {
  APPLICATION_ID,
  CONNECTION_SETTINGS,
  explainSqliteError,
  readNumber,
  SCHEMA_VERSION,
} from './sqlite-file.ts'
import { prepareRecords, type RecordTable } from './sqlite-records.ts'

/** What a database file is, and how it is kept. */
export interface SqliteFacts {
  /** `older` and `newer` are stores of another schema version than this program's. */
  readonly identity: 'store' | 'older' | 'newer' | 'foreign'
  readonly schema: number
  /** The mode that it is stamped with; undefined when it has no stamp. */
  readonly mode: string | undefined
  /** As the header of the file says: it holds for every process. */
  readonly journalMode: 'wal' | 'rollback'
  /** Read back from a connection that was set as the service sets its own; 2 is FULL. */
  readonly synchronous: number
  /** Read back likewise; 1 is ON. */
  readonly secureDelete: number
  /** What SQLite finds wrong with the pages of the file; undefined when nothing is. */
  readonly damage: string | undefined
}

/** One database file, opened to be looked at. */
export interface SqliteReading {
  readonly facts: SqliteFacts
  /** The records; undefined unless the file is a store of this schema. */
  readonly table: RecordTable | undefined
  close(): void
}

/**
 * Opens one database file for reading, beside a service that may be writing it. Nothing is changed, made or migrated.
 *
 * @throws OperatorError when it is damaged or cannot be read.
 */
export function readSqliteFile(path: string): SqliteReading {
  let db: DatabaseSync | undefined
  try {
    const journalMode = readJournalMode(path)
    db = new DatabaseSync(addressOf(path), { readOnly: true, timeout: 1000 })
    const facts = { ...readFacts(db), journalMode }
    const table = facts.identity === 'store' ? prepareRecords(db) : undefined
    const opened = db
    return { facts, table, close: () => opened.close() }
  } catch (error) {
    db?.close()
    throw explainSqliteError(error, path)
  }
}

/** A reader in WAL mode would leave a WAL of its own; where there is none, nobody writes and the file alone is read. */
function addressOf(path: string): URL {
  const url = pathToFileURL(path)
  if (!existsSync(`${path}-wal`)) url.searchParams.set('immutable', '1')
  return url
}

const HEADER_BYTES = 20
const READ_VERSION_AT = 19
const WAL = 2

/** Bytes 18 and 19 of the header are 2 in WAL mode, as SQLite's file format says. */
function readJournalMode(path: string): SqliteFacts['journalMode'] {
  const header = Buffer.alloc(HEADER_BYTES)
  const file = openSync(path, 'r')
  try {
    readSync(file, header, 0, HEADER_BYTES, 0)
  } finally {
    closeSync(file)
  }
  return header[READ_VERSION_AT] === WAL ? 'wal' : 'rollback'
}

function readFacts(db: DatabaseSync): Omit<SqliteFacts, 'journalMode'> {
  db.exec(CONNECTION_SETTINGS)
  const applicationId = readNumber(db, 'PRAGMA application_id')
  const schema = readNumber(db, 'PRAGMA user_version')
  const isOurs = applicationId === APPLICATION_ID
  return {
    identity: isOurs ? identityOf(schema) : 'foreign',
    schema,
    mode: isOurs ? readText(db, 'SELECT mode FROM stamp') : undefined,
    synchronous: readNumber(db, 'PRAGMA synchronous'),
    secureDelete: readNumber(db, 'PRAGMA secure_delete'),
    damage: isOurs ? findDamage(db) : undefined,
  }
}

function identityOf(schema: number): SqliteFacts['identity'] {
  if (schema === SCHEMA_VERSION) return 'store'
  return schema > SCHEMA_VERSION ? 'newer' : 'older'
}

function findDamage(db: DatabaseSync): string | undefined {
  const answer = readText(db, 'PRAGMA quick_check(1)')
  return answer === 'ok' ? undefined : answer
}

function readText(db: DatabaseSync, sql: string): string | undefined {
  const value = Object.values(db.prepare(sql).get() ?? {})[0]
  return typeof value === 'string' ? value : undefined
}

/** The tables of a store, as far as their files are there. */
export type ReadTables = Readonly<Partial<Record<(typeof KINDS)[Kind], RecordTable>>>

/** Makes a store of what can be read: a file that is not there holds nothing, and whatever writes is refused. */
export function createReadingStore(tables: ReadTables, now: Now): Store {
  const tableOf = (kind: Kind): RecordTable | undefined => tables[KINDS[kind]]
  const seconds = (): number => epochSeconds(now)
  return {
    get: async (kind, name) => tableOf(kind)?.get(kind, name, seconds()),
    list: async (kind) => tableOf(kind)?.list(kind, seconds()) ?? [],
    depth: async (kind) =>
      tableOf(kind)?.depth(kind, seconds()) ?? { count: 0, earliestExpiry: undefined },
    write: refuse,
    take: refuse,
    claim: refuse,
    purge: refuse,
    close: async () => {},
  }
}

function refuse(): Promise<never> {
  return Promise.reject(new ServiceError('STORE_UNAVAILABLE'))
}

import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Claimed, Depth, Kind, StoredRecord, Write } from './contract.ts'

type Row = Readonly<Record<string, SQLOutputValue>>

type PutWrite = Extract<Write, { readonly value: Buffer }>

const COLUMNS = 'name, expires_at, issued, opened, failed, value'
const LIVE = '(expires_at IS NULL OR expires_at > ?)'
const PURGE_CHUNK = 500

/** The records of one database file. Synchronous; `seconds` is the time now, in seconds since the epoch. */
export interface RecordTable {
  /** Reads one live record; undefined when it is absent. */
  get(kind: Kind, name: string, seconds: number): StoredRecord | undefined
  /** Reads the live records of a kind, oldest first. */
  list(kind: Kind, seconds: number): readonly StoredRecord[]
  /** Counts the live records of a kind. */
  depth(kind: Kind, seconds: number): Depth
  /** Makes one change; false when its guard is refused. Must run in a transaction. */
  apply(write: Write, seconds: number): boolean
  /** Removes and returns the oldest live records of a kind. Must run in a transaction. */
  take(kind: Kind, limit: number, seconds: number): readonly StoredRecord[]
  /** Turns the oldest live records of a kind into records of another, and returns them. Must run in a transaction. */
  claim(
    kind: Kind,
    limit: number,
    how: { readonly as: Claimed; readonly seconds: number },
  ): readonly StoredRecord[]
  /** Deletes some of the expired records and returns how many. Must run in a transaction. */
  purge(seconds: number): number
}

/** Prepares every statement over the table `records`. */
export function prepareRecords(db: DatabaseSync): RecordTable {
  const get = db.prepare(`SELECT ${COLUMNS} FROM records WHERE kind = ? AND name = ? AND ${LIVE}`)
  const lists = prepareForEach((kind) =>
    db.prepare(`SELECT ${COLUMNS} FROM records WHERE kind = '${kind}' AND ${LIVE} ORDER BY id`),
  )
  const depths = prepareForEach((kind) =>
    db.prepare(
      `SELECT count(*) AS count, min(expires_at) AS earliest FROM records WHERE kind = '${kind}' AND ${LIVE}`,
    ),
  )
  const takes = prepareForEach((kind) => db.prepare(takeSql(kind)))
  const claims = prepareForEach((kind) => db.prepare(claimSql(kind)))
  const purge = db.prepare(
    `DELETE FROM records WHERE id IN (SELECT id FROM records WHERE expires_at <= ? LIMIT ${PURGE_CHUNK})`,
  )
  const apply = prepareApply(db)

  return {
    get: (kind, name, seconds) => {
      const row = get.get(kind, name, seconds)
      return row === undefined ? undefined : toRecord(row)
    },
    list: (kind, seconds) => lists(kind).all(seconds).map(toRecord),
    depth: (kind, seconds) => {
      const { count, earliest } = depths(kind).get(seconds) ?? {}
      return {
        count: Number(count),
        earliestExpiry: typeof earliest === 'number' ? earliest : undefined,
      }
    },
    apply,
    take: (kind, limit, seconds) => byAge(takes(kind).all(seconds, limit)),
    claim: (kind, limit, { as, seconds }) =>
      byAge(claims(kind).all({ kind: as.kind, expiresAt: as.expiresAt, seconds, limit })),
    purge: (seconds) => Number(purge.run(seconds).changes),
  }
}

// SQLite uses the partial index over pooled keys only where the kind stands in the query itself.
function takeSql(kind: Kind): string {
  return `DELETE FROM records WHERE id IN
    (SELECT id FROM records WHERE kind = '${kind}' AND ${LIVE} ORDER BY id LIMIT ?) RETURNING id, ${COLUMNS}`
}

// What it replaces has expired.
function claimSql(kind: Kind): string {
  return `UPDATE OR REPLACE records SET kind = :kind, expires_at = :expiresAt WHERE id IN
    (SELECT id FROM records AS pooled
       WHERE kind = '${kind}' AND (expires_at IS NULL OR expires_at > :seconds)
         AND NOT EXISTS (SELECT 1 FROM records WHERE kind = :kind AND name = pooled.name
           AND (expires_at IS NULL OR expires_at > :seconds))
       ORDER BY id LIMIT :limit) RETURNING id, ${COLUMNS}`
}

function prepareForEach(prepare: (kind: Kind) => StatementSync): (kind: Kind) => StatementSync {
  const prepared = new Map<Kind, StatementSync>()
  return function statementOf(kind) {
    const statement = prepared.get(kind) ?? prepare(kind)
    prepared.set(kind, statement)
    return statement
  }
}

function byAge(rows: readonly Row[]): readonly StoredRecord[] {
  return rows.toSorted((a, b) => Number(a['id']) - Number(b['id'])).map(toRecord)
}

function prepareApply(db: DatabaseSync): RecordTable['apply'] {
  const columns = '(kind, name, expires_at, value) VALUES (?, ?, ?, ?)'
  const put = db.prepare(`INSERT OR REPLACE INTO records ${columns}`)
  const removeExpired = db.prepare(
    'DELETE FROM records WHERE kind = ? AND name = ? AND expires_at <= ?',
  )
  const insert = db.prepare(`INSERT INTO records ${columns} ON CONFLICT (name, kind) DO NOTHING`)
  const replace = db.prepare(
    `UPDATE records SET expires_at = ?, value = ?, issued = 0, opened = 0, failed = 0
       WHERE kind = ? AND name = ? AND value = ? AND ${LIVE}`,
  )
  const remove = db.prepare('DELETE FROM records WHERE kind = ? AND name = ?')
  const count = db.prepare(
    `UPDATE records
       SET issued = issued + ?1, opened = opened + ?2, failed = failed + ?3,
         value = CASE WHEN issued + ?1 >= ?4 OR opened + ?2 >= ?5 OR failed + ?3 >= ?6 THEN x'' ELSE value END
       WHERE kind = ?7 AND name = ?8 AND length(value) > 0
         AND issued + ?1 <= ?4 AND opened + ?2 <= ?5 AND failed + ?3 <= ?6
         AND (expires_at IS NULL OR expires_at > ?9)`,
  )

  // An expired record goes first, id and all, so that the new one is the youngest.
  function putNew({ kind, name, expiresAt, value }: PutWrite, seconds: number): boolean {
    const tryInsert = (): boolean => insert.run(kind, name, expiresAt ?? null, value).changes === 1
    return tryInsert() || (removeExpired.run(kind, name, seconds).changes === 1 && tryInsert())
  }

  return function apply(write: Write, seconds: number): boolean {
    const { kind, name } = write
    switch (write.op) {
      case 'put':
        return put.run(kind, name, write.expiresAt ?? null, write.value).changes === 1
      case 'put-new':
        return putNew(write, seconds)
      case 'replace': {
        const { expiresAt, value, previous } = write
        return replace.run(expiresAt ?? null, value, kind, name, previous, seconds).changes === 1
      }
      case 'ensure':
        putNew(write, seconds)
        return true
      case 'count':
        return runCount(count, write, seconds)
      case 'delete':
        remove.run(kind, name)
        return true
    }
  }
}

// What is not counted has a limit that no counter reaches.
const UNLIMITED = Number.MAX_SAFE_INTEGER

function runCount(
  count: StatementSync,
  { kind, name, limits }: Extract<Write, { op: 'count' }>,
  seconds: number,
): boolean {
  const { issued, opened, failed } = limits
  const steps = [issued, opened, failed].map((limit) => (limit === undefined ? 0 : 1))
  const most = [issued, opened, failed].map((limit) => limit ?? UNLIMITED)
  // By position: names are looked up one by one, at a third of the statement's cost.
  return count.run(...steps, ...most, kind, name, seconds).changes === 1
}

function toRecord(row: Row): StoredRecord {
  const { name, expires_at, value, issued, opened, failed } = row
  if (typeof name !== 'string' || !(value instanceof Uint8Array))
    throw new TypeError('not a record')
  return {
    name,
    expiresAt: typeof expires_at === 'number' ? expires_at : undefined,
    value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    counts: { issued: Number(issued), opened: Number(opened), failed: Number(failed) },
  }
}

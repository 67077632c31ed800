import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Claimed, Depth, Kind, StoredRecord, Write } from './contract.ts'

type PutWrite = Extract<Write, { readonly value: Buffer }>

// Rows are read as arrays: node:sqlite makes an object of another shape for each, which is slow to make and to read.
const COLUMNS = 'id, name, expires_at, issued, opened, failed, value'
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
  const prepareRows = (sql: string): StatementSync => {
    const statement = db.prepare(sql)
    statement.setReturnArrays(true)
    return statement
  }
  const get = prepareRows(`SELECT ${COLUMNS} FROM records WHERE kind = ? AND name = ? AND ${LIVE}`)
  const lists = prepareForEach((kind) =>
    prepareRows(`SELECT ${COLUMNS} FROM records WHERE kind = '${kind}' AND ${LIVE} ORDER BY id`),
  )
  const depths = prepareForEach((kind) =>
    db.prepare(
      `SELECT count(*) AS count, min(expires_at) AS earliest FROM records WHERE kind = '${kind}' AND ${LIVE}`,
    ),
  )
  const takes = prepareForEach((kind) => prepareRows(takeSql(kind)))
  const claims = prepareForEach((kind) => prepareForEach((as) => prepareRows(claimSql(kind, as))))
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
      byAge(claims(kind)(as.kind).all(as.expiresAt, seconds, limit)),
    purge: (seconds) => Number(purge.run(seconds).changes),
  }
}

// SQLite uses the partial index over pooled keys only where the kind stands in the query itself.
function takeSql(kind: Kind): string {
  return `DELETE FROM records WHERE id IN
    (SELECT id FROM records WHERE kind = '${kind}' AND ${LIVE} ORDER BY id LIMIT ?) RETURNING ${COLUMNS}`
}

// What it replaces has expired. Both kinds stand in the statement: SQLite would compare one that is bound with those of the
// partial indexes, and prepare the statement anew for every claim.
function claimSql(kind: Kind, as: Kind): string {
  return `UPDATE OR REPLACE records SET kind = '${as}', expires_at = ?1 WHERE id IN
    (SELECT id FROM records AS pooled
       WHERE kind = '${kind}' AND (expires_at IS NULL OR expires_at > ?2)
         AND NOT EXISTS (SELECT 1 FROM records WHERE kind = '${as}' AND name = pooled.name
           AND (expires_at IS NULL OR expires_at > ?2))
       ORDER BY id LIMIT ?3) RETURNING ${COLUMNS}`
}

/** Prepares something for a kind when it is first asked for, and keeps it. */
function prepareForEach<Prepared>(prepare: (kind: Kind) => Prepared): (kind: Kind) => Prepared {
  const kept = new Map<Kind, Prepared>()
  return function preparedFor(kind) {
    const prepared = kept.get(kind) ?? prepare(kind)
    kept.set(kind, prepared)
    return prepared
  }
}

type Row = Readonly<Record<number, SQLOutputValue>>

function byAge(rows: readonly Row[]): readonly StoredRecord[] {
  return rows.toSorted((a, b) => Number(a[0]) - Number(b[0])).map(toRecord)
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
  // By position: names are looked up one by one, at a third of the statement's cost.
  const { changes } = count.run(
    stepOf(issued),
    stepOf(opened),
    stepOf(failed),
    issued ?? UNLIMITED,
    opened ?? UNLIMITED,
    failed ?? UNLIMITED,
    kind,
    name,
    seconds,
  )
  return changes === 1
}

function stepOf(limit: number | undefined): number {
  return limit === undefined ? 0 : 1
}

function toRecord(row: Row): StoredRecord {
  const { 1: name, 2: expiresAt, 3: issued, 4: opened, 5: failed, 6: value } = row
  if (typeof name !== 'string' || !(value instanceof Uint8Array))
    throw new TypeError('not a record')
  return {
    name,
    expiresAt: typeof expiresAt === 'number' ? expiresAt : undefined,
    value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    counts: { issued: Number(issued), opened: Number(opened), failed: Number(failed) },
  }
}

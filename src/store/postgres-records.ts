import type { Claimed, Depth, Kind, StoredRecord, Write } from './contract.ts'
import { sqlStateOf, type Ask, type Rows, type Statement } from './postgres-connection.ts'
import type { PostgresSchema } from './postgres-schema.ts'
import { encodeBatch, encodeTurn, TURN_PARAMETERS, type EncodedBatch } from './postgres-turn.ts'
import { REFUSED_LATE } from './postgres-write-turn.ts'
import { createLane } from './turn-lane.ts'

const PURGE_CHUNK = 500
const ATTEMPTS = 5

// While a turn is on its way those that come gather: two at a time keep the server busy, more make smaller turns.
const WRITES = { flights: 2, jobs: 256 }
const READS = { flights: 2, jobs: 256 }
const CLAIMS = { flights: 1, jobs: 1 }

const DEADLOCK = '40P01'
const SERIALIZATION = '40001'
const NOT_UNIQUE = '23505'
/** The server says that nothing of the statement was done: it may be sent again. */
const UNDONE: readonly (string | undefined)[] = [REFUSED_LATE, DEADLOCK, SERIALIZATION]

const RECORD = 'expires_at, issued, opened, failed, value'

/** The records of one schema. `seconds()` is the time now. Rejects with what the driver throws. */
export interface PostgresRecords {
  get(kind: Kind, name: string): Promise<StoredRecord | undefined>
  list(kind: Kind): Promise<readonly StoredRecord[]>
  depth(kind: Kind): Promise<Depth>
  write(batch: readonly Write[]): Promise<boolean>
  take(kind: Kind, limit: number): Promise<readonly StoredRecord[]>
  claim(kind: Kind, limit: number, as: Claimed): Promise<readonly StoredRecord[]>
  purge(): Promise<number>
  /** Resolves when everything that was begun is done. */
  drain(): Promise<void>
}

interface Needs {
  readonly ask: Ask
  readonly schema: PostgresSchema
  /** The time in seconds since the epoch. */
  seconds(): number
}

/** Makes the access to one schema. */
export function createPostgresRecords(needs: Needs): PostgresRecords {
  const { ask, schema, seconds } = needs
  const statements = createStatements(schema)
  const send: SendTurn = (turn) => sendTurn(needs, statements.write, turn)
  const reads = createLane<Place, StoredRecord | undefined>(
    (places) => readAll(needs, statements.get, places),
    READS,
  )
  const writes = createLane<EncodedBatch, boolean>((turn) => writeTurn(send, turn), WRITES)
  const claims = createLane<() => Promise<Rows>, Rows>(
    (jobs) => Promise.all(jobs.map((job) => job())),
    CLAIMS,
  )

  return {
    get: (kind, name) => reads.run({ kind, name }),
    list: async (kind) => (await ask(statements.list, [kind, seconds()])).map(toNamedRecord),
    depth: async (kind) => {
      const [[count, earliest] = []] = await ask(statements.depth(kind), [seconds()])
      return { count: Number(count), earliestExpiry: toSeconds(earliest) }
    },
    write: (batch) => writes.run(encodeBatch(batch)),
    take: async (kind, limit) => {
      const rows = await claims.run(() => ask(statements.take(kind), [seconds(), limit]))
      return rows.map(toNamedRecord)
    },
    claim: async (kind, limit, as) => {
      const claim = (): Promise<Rows> =>
        ask(statements.claim(kind, as.kind), [seconds(), limit, as.expiresAt])
      const makeRoom = (): Promise<Rows> => ask(statements.makeRoom(kind, as.kind), [seconds()])
      return (await claims.run(() => claimWithRoom(claim, makeRoom))).map(toNamedRecord)
    },
    purge: async () => {
      let purged = 0
      for (;;) {
        const [[count] = []] = await ask(statements.purge, [seconds()])
        purged += Number(count)
        if (Number(count) === 0) return purged
      }
    },
    drain: async () => {
      await Promise.all([reads.drain(), writes.drain(), claims.drain()])
    },
  }
}

interface Place {
  readonly kind: Kind
  readonly name: string
}

/** What needs no escape in an array of bytes, which most names are: all others are sent in hexadecimal. */
const PLAIN_NAME = /^[\w-]+$/

async function readAll(
  { ask, seconds }: Needs,
  statement: Statement,
  places: readonly Place[],
): Promise<readonly (StoredRecord | undefined)[]> {
  const [kinds, names] = [
    places.map(({ kind }) => kind),
    places.map(({ name }) => encodeName(name)),
  ]
  const rows = await ask(statement, [`{${kinds.join(',')}}`, `{${names.join(',')}}`, seconds()])
  const found = places.map((): StoredRecord | undefined => undefined)
  for (const [place, ...columns] of rows) {
    const index = Number(place) - 1
    found[index] = toRecord(places[index]?.name ?? '', columns)
  }
  return found
}

function encodeName(name: string): string {
  return PLAIN_NAME.test(name) ? `"${name}"` : `"\\\\x${Buffer.from(name, 'utf8').toString('hex')}"`
}

type SendTurn = (turn: readonly EncodedBatch[]) => Promise<readonly boolean[]>

async function writeTurn(
  send: SendTurn,
  turn: readonly EncodedBatch[],
): Promise<readonly boolean[]> {
  try {
    return await send(turn)
  } catch (error) {
    if (!UNDONE.includes(sqlStateOf(error))) throw error
  }
  const written: boolean[] = []
  for (const batch of turn) written.push(await writeAlone(send, batch))
  return written
}

async function writeAlone(send: SendTurn, batch: EncodedBatch): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [written = false] = await send([batch])
      return written
    } catch (error) {
      if (sqlStateOf(error) === REFUSED_LATE) return false
      if (!UNDONE.includes(sqlStateOf(error)) || attempt === ATTEMPTS) throw error
    }
  }
}

async function sendTurn(
  { ask, seconds }: Needs,
  statement: Statement,
  turn: readonly EncodedBatch[],
): Promise<readonly boolean[]> {
  const [[refused] = []] = await ask(statement, [seconds(), ...encodeTurn(turn)])
  if (!Array.isArray(refused)) throw new TypeError('write_turn gave no array')
  return turn.map((_, number) => !refused.includes(number))
}

/** Claims; what has expired under a name that is claimed, or was written at this moment, makes room first. */
async function claimWithRoom(
  claim: () => Promise<Rows>,
  makeRoom: () => Promise<Rows>,
): Promise<Rows> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await claim()
    } catch (error) {
      const state = sqlStateOf(error)
      const isUndone = state === NOT_UNIQUE || UNDONE.includes(state)
      if (!isUndone || attempt === ATTEMPTS) throw error
      await makeRoom()
    }
  }
}

interface Statements {
  /** Kinds, names, and the time. */
  readonly get: Statement
  /** The time, then what {@link encodeTurn} gives. */
  readonly write: Statement
  readonly list: Statement
  readonly purge: Statement
  depth(kind: Kind): Statement
  take(kind: Kind): Statement
  claim(kind: Kind, as: Kind): Statement
  makeRoom(kind: Kind, as: Kind): Statement
}

// A partial index is used only where the kind stands in the statement itself.
function createStatements(schema: PostgresSchema): Statements {
  const records = `${schema}.records`
  const live = '(expires_at IS NULL OR expires_at > $1)'
  const oldest = (kind: Kind, condition: string): string =>
    `WITH oldest AS MATERIALIZED (SELECT name FROM ${records} AS pooled
       WHERE kind = '${kind}' AND ${live} ${condition} ORDER BY age LIMIT $2 FOR UPDATE SKIP LOCKED)`
  const statement = (name: string, text: string): Statement => ({ name: `${schema} ${name}`, text })

  const parameters = Array.from({ length: TURN_PARAMETERS + 1 }, (_, index) => `$${index + 1}`)

  return {
    get: statement(
      'get',
      `SELECT place, ${RECORD}
         FROM unnest($1::text[], $2::bytea[]) WITH ORDINALITY AS asked (kind, name, place)
         JOIN ${records} USING (kind, name) WHERE expires_at IS NULL OR expires_at > $3`,
    ),
    write: statement('write', `SELECT ${schema}.write_turn(${parameters.join(', ')})`),
    list: statement(
      'list',
      `SELECT name, ${RECORD} FROM ${records}
         WHERE kind = $1 AND (expires_at IS NULL OR expires_at > $2) ORDER BY age`,
    ),
    purge: statement(
      'purge',
      `WITH purged AS (DELETE FROM ${records} WHERE ctid = ANY (ARRAY (SELECT ctid FROM ${records}
           WHERE expires_at <= $1 ORDER BY expires_at LIMIT ${PURGE_CHUNK} FOR UPDATE SKIP LOCKED)) RETURNING 1)
         SELECT count(*) FROM purged`,
    ),
    depth: (kind) =>
      statement(
        `depth ${kind}`,
        `SELECT count(*), min(expires_at) FROM ${records} WHERE kind = '${kind}' AND ${live}`,
      ),
    take: (kind) =>
      statement(
        `take ${kind}`,
        `${oldest(kind, '')}, taken AS (DELETE FROM ${records} AS r USING oldest
             WHERE r.kind = '${kind}' AND r.name = oldest.name RETURNING r.*)
           SELECT name, ${RECORD} FROM taken ORDER BY age`,
      ),
    claim: (kind, as) =>
      statement(
        `claim ${kind} ${as}`,
        `${oldest(kind, `AND NOT EXISTS (SELECT 1 FROM ${records} WHERE kind = '${as}' AND name = pooled.name AND ${live})`)},
           claimed AS (UPDATE ${records} AS r SET kind = '${as}', expires_at = $3 FROM oldest
             WHERE r.kind = '${kind}' AND r.name = oldest.name RETURNING r.*)
           SELECT name, ${RECORD} FROM claimed ORDER BY age`,
      ),
    makeRoom: (kind, as) =>
      statement(
        `make room ${kind} ${as}`,
        `DELETE FROM ${records} AS there USING ${records} AS pooled WHERE there.kind = '${as}'
           AND there.expires_at <= $1 AND pooled.kind = '${kind}' AND pooled.name = there.name`,
      ),
  }
}

function toNamedRecord([name, ...columns]: readonly unknown[]): StoredRecord {
  if (!Buffer.isBuffer(name)) throw new TypeError('not a record')
  return toRecord(name.toString('utf8'), columns)
}

function toRecord(
  name: string,
  [expiresAt, issued, opened, failed, value]: readonly unknown[],
): StoredRecord {
  if (!Buffer.isBuffer(value)) throw new TypeError('not a record')
  const counts = { issued: Number(issued), opened: Number(opened), failed: Number(failed) }
  return { name, expiresAt: toSeconds(expiresAt), value, counts }
}

function toSeconds(column: unknown): number | undefined {
  return column === null || column === undefined ? undefined : Number(column)
}

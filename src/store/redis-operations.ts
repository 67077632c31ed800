import type { Claimed, Depth, Kind, StoredRecord, Write } from './contract.ts'
import type { RedisConnection } from './redis-connection.ts'
import {
  callOfBatch,
  callOfList,
  callOfMove,
  callOfPurge,
  pairsOf,
  parseBuffers,
  parseCandidates,
  parseRecord,
  type RedisKeys,
} from './redis-records.ts'

/** One lifetime's connection and the names of its keys. */
export interface RedisEngine {
  readonly connection: RedisConnection
  readonly keys: RedisKeys
}

const PAGE = 500
// A list is read in two steps; whoever writes to the kind in between makes it start again.
const LIST_ATTEMPTS = 20

/** Writes all of a batch or nothing; false when a guard was refused. */
export async function writeBatch(
  { connection, keys }: RedisEngine,
  batch: readonly Write[],
  seconds: number,
): Promise<boolean> {
  return (await connection.write('write', callOfBatch(batch, keys, seconds))) === 1
}

/** Reads one live record; undefined when it is absent. */
export async function getRecord(
  { connection, keys }: RedisEngine,
  { kind, name }: { readonly kind: Kind; readonly name: string },
  seconds: number,
): Promise<StoredRecord | undefined> {
  const payload = await connection.send(['GET', keys.record(kind, name)])
  return Buffer.isBuffer(payload) ? parseRecord(name, payload, seconds) : undefined
}

/** Reads the live records of a kind, oldest first, as they were at one moment. */
export async function listRecords(
  { connection, keys }: RedisEngine,
  kind: Kind,
  seconds: number,
): Promise<readonly StoredRecord[]> {
  for (let attempt = 0; attempt < LIST_ATTEMPTS; attempt += 1) {
    const range = ['ZRANGE', keys.byAge(kind), '0', '-1', 'WITHSCORES']
    const candidates = parseCandidates(await connection.send(range))
    if (candidates.length === 0) return []
    const payloads = await connection.read('list', callOfList(candidates, keys, kind))
    if (!Array.isArray(payloads)) continue
    return candidates.flatMap(({ name }, index) => {
      const payload: unknown = payloads[index]
      return Buffer.isBuffer(payload) ? (parseRecord(name.toString(), payload, seconds) ?? []) : []
    })
  }
  throw new Error('the records changed faster than they could be listed')
}

/** Counts the live records of a kind. */
export async function measureDepth(
  { connection, keys }: RedisEngine,
  kind: Kind,
  seconds: number,
): Promise<Depth> {
  const call = { keys: [keys.byExpiry(kind)], args: [String(seconds)] }
  const reply = await connection.read('depth', call)
  const [count, earliest] = Array.isArray(reply) ? reply.map(String) : []
  return {
    count: Number(count),
    earliestExpiry: earliest === undefined || earliest === '-' ? undefined : Number(earliest),
  }
}

interface Wanted {
  readonly kind: Kind
  readonly limit: number
  readonly as: Claimed | undefined
  readonly seconds: number
}

/** Moves the oldest records, a page of candidates at a time: between the two steps others may have been faster. */
export async function moveRecords(
  engine: RedisEngine,
  wanted: Wanted,
): Promise<readonly StoredRecord[]> {
  const moved: StoredRecord[] = []
  let after = '-inf'
  while (moved.length < wanted.limit) {
    const page = await movePage(engine, { ...wanted, limit: wanted.limit - moved.length }, after)
      // What was moved already is nobody else's any more: it is the caller's.
      .catch(rethrowUnless(moved.length > 0))
    if (page === undefined) break
    moved.push(...page.moved)
    after = page.after
  }
  return moved
}

function rethrowUnless(isEnough: boolean): (error: unknown) => undefined {
  return function rethrow(error) {
    if (!isEnough) throw error
  }
}

/** Undefined when there are no more candidates. */
async function movePage(
  { connection, keys }: RedisEngine,
  wanted: Wanted,
  after: string,
): Promise<{ readonly moved: readonly StoredRecord[]; readonly after: string } | undefined> {
  const { kind, limit, seconds } = wanted
  const range = ['ZRANGE', keys.byAge(kind), after, '+inf', 'BYSCORE', 'LIMIT', '0', String(limit)]
  const candidates = parseCandidates(await connection.send([...range, 'WITHSCORES']))
  const last = candidates.at(-1)
  if (last === undefined) return undefined
  const reply = await connection.write('move', callOfMove(candidates, keys, wanted))
  const moved = pairsOf(parseBuffers(reply)).map(([name, payload]) => ({
    name: String(name),
    payload,
  }))
  return {
    moved: moved.flatMap(({ name, payload }) => parseRecord(name, payload, seconds) ?? []),
    after: `(${String(last.age)}`,
  }
}

/** Deletes the expired records of a kind, in pages, so that no script is long; returns how many there were. */
export async function purgeKind(
  { connection, keys }: RedisEngine,
  kind: Kind,
  seconds: number,
): Promise<number> {
  const expired = ['ZRANGE', keys.byExpiry(kind), '-inf', String(seconds), 'BYSCORE']
  let purged = 0
  for (;;) {
    const names = parseBuffers(await connection.send([...expired, 'LIMIT', '0', String(PAGE)]))
    if (names.length === 0) return purged
    purged += Number(await connection.write('purge', callOfPurge(names, keys, { kind, seconds })))
  }
}

import { epochSeconds, type Now } from '../clock-and-random.ts'
import { ServiceError } from '../errors.ts'
import {
  KINDS,
  type Claimed,
  type Depth,
  type Kind,
  type Mode,
  type Store,
  type StoredRecord,
} from './contract.ts'
import type { Secret } from '../secret.ts'
import { assertOneLifetime } from './memory.ts'
import { connectRedis, type RedisConnection } from './redis-connection.ts'
import { describeDurability } from './redis-durability.ts'
import { explainRedis } from './redis-errors.ts'
import { openRedisLink } from './redis-link.ts'
import {
  callOfBatch,
  callOfList,
  callOfMove,
  callOfPurge,
  keysOf,
  pairsOf,
  parseBuffers,
  parseCandidates,
  parseRecord,
  type RedisKeys,
} from './redis-records.ts'
import { checkStamp, inspectServer } from './redis-stamp.ts'
import { parseRedisUrl, serverOf, type RedisTarget } from './redis-url.ts'

type Lifetime = 'lasting' | 'passing'

interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database][?parameters]`, or `rediss://` for TLS. */
  readonly address: Secret
  readonly mode: Mode
  readonly now: Now
  /** Told once, at start, which durability the server is configured for. */
  readonly report: (durability: string) => void
}

/** One lifetime's connection and the names of its keys. */
interface Engine {
  readonly connection: RedisConnection
  readonly keys: RedisKeys
}

type Engines = { readonly [Name in Lifetime]: Engine }

const PAGE = 500
// A list is read in two steps; whoever writes to the kind in between makes it start again.
const LIST_ATTEMPTS = 20

/**
 * Opens a store on a Redis server. Every batch is one script, so that it is written whole or not at all; the requests of
 * one event-loop turn travel together; a write is acknowledged once the server has it on its disk and replicas have it.
 *
 * @throws OperatorError when the server is not reached, is not fit, or holds a store of another mode, version or program.
 */
export async function openRedisStore({ address, mode, now, report }: RedisOptions): Promise<Store> {
  const target = parseRedisUrl(address)
  const engines = await openEngines(target, mode, report)
  const seconds = (): number => epochSeconds(now)
  const attempt = createAttempt(target)

  return {
    get: async (kind, name) => attempt(() => get(engines[KINDS[kind]], { kind, name }, seconds())),
    list: async (kind) => attempt(() => list(engines[KINDS[kind]], kind, seconds())),
    depth: async (kind) => attempt(() => depth(engines[KINDS[kind]], kind, seconds())),
    write: async (batch) => {
      const [first] = batch
      assertOneLifetime(batch)
      if (first === undefined) return true
      const { connection, keys } = engines[KINDS[first.kind]]
      const call = callOfBatch(batch, keys, seconds())
      return attempt(async () => (await connection.write('write', call)) === 1)
    },
    take: async (kind, limit) => {
      const wanted = { kind, limit, as: undefined, seconds: seconds() }
      return attempt(() => move(engines[KINDS[kind]], wanted))
    },
    claim: async (kind, limit, as) => {
      assertOneLifetime([{ kind }, as])
      return attempt(() => move(engines[KINDS[kind]], { kind, limit, as, seconds: seconds() }))
    },
    purge: async () => attempt(() => purge(engines, seconds())),
    close: async () => {
      await Promise.all(Object.values(engines).map(async ({ connection }) => connection.close()))
    },
  }
}

/** Makes the function that runs a method and, when it fails, says so in the words of the contract. */
function createAttempt(target: RedisTarget): <T>(run: () => Promise<T>) => Promise<T> {
  const server = serverOf(target)
  return async function attempt(run) {
    try {
      return await run()
    } catch (error) {
      const cause = explainRedis(error, server)
      throw new ServiceError('STORE_UNAVAILABLE', { cause, retryAfterSeconds: 1 })
    }
  }
}

/** Looks at both databases before it stamps either: what is refused is left as it was. */
async function openEngines(
  target: RedisTarget,
  mode: Mode,
  report: RedisOptions['report'],
): Promise<Engines> {
  const lasting = await openEngine(target, mode, 'lasting')
  try {
    const passing = await openEngine(target, mode, 'passing')
    try {
      report(
        describeDurability(await inspectServer(lasting.connection.send, { target, mode }), target),
      )
      for (const { connection, keys } of [lasting, passing]) {
        await checkStamp(connection.send, keys, { target, mode, ifEmpty: 'stamp' })
      }
      return { lasting, passing }
    } catch (error) {
      await passing.connection.close()
      throw error
    }
  } catch (error) {
    await lasting.connection.close()
    throw explainRedis(error, serverOf(target))
  }
}

async function openEngine(target: RedisTarget, mode: Mode, lifetime: Lifetime): Promise<Engine> {
  const keys = keysOf(target.prefix, lifetime)
  const connection = await connectRedis({
    server: serverOf(target),
    replicas: target.replicas,
    open: () => openRedisLink(target, target.databases[lifetime]),
    prepare: async (send, isFirst) => {
      await inspectServer(send, { target, mode })
      const ifEmpty = isFirst ? 'leave' : 'refuse'
      await checkStamp(send, keys, { target, mode, ifEmpty })
    },
  })
  return { connection, keys }
}

async function get(
  { connection, keys }: Engine,
  { kind, name }: { readonly kind: Kind; readonly name: string },
  seconds: number,
): Promise<StoredRecord | undefined> {
  const payload = await connection.send(['GET', keys.record(kind, name)])
  return Buffer.isBuffer(payload) ? parseRecord(name, payload, seconds) : undefined
}

async function list(
  { connection, keys }: Engine,
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

async function depth({ connection, keys }: Engine, kind: Kind, seconds: number): Promise<Depth> {
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
async function move(engine: Engine, wanted: Wanted): Promise<readonly StoredRecord[]> {
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
  { connection, keys }: Engine,
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

async function purge(engines: Engines, seconds: number): Promise<number> {
  const purging = kindsOf().map((kind) => purgeKind(engines[KINDS[kind]], kind, seconds))
  const purged = await Promise.all(purging)
  return purged.reduce((sum, count) => sum + count, 0)
}

/** Purges in pages, so that no script is long. */
async function purgeKind(
  { connection, keys }: Engine,
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

function kindsOf(): readonly Kind[] {
  return Object.keys(KINDS).filter((kind): kind is Kind => Object.hasOwn(KINDS, kind))
}

import { epochSeconds, type Now } from '../clock-and-random.ts'
import type { Secret } from '../secret.ts'
import { KINDS, type Kind, type Mode, type Store } from './contract.ts'
import type { Inspected } from './database-facts.ts'
import { assertOneLifetime } from './memory.ts'
import { connectRedis } from './redis-connection.ts'
import { describeDurability } from './redis-durability.ts'
import { explainRedis } from './redis-errors.ts'
import { inspectTarget } from './redis-inspect.ts'
import { openRedisLink } from './redis-link.ts'
import {
  getRecord,
  listRecords,
  measureDepth,
  moveRecords,
  purgeKind,
  writeBatch,
  type RedisEngine,
} from './redis-operations.ts'
import { keysOf } from './redis-records.ts'
import { checkStamp, inspectServer } from './redis-stamp.ts'
import { parseRedisUrl, serverOf, type RedisTarget } from './redis-url.ts'
import { describeAddress } from './store-address.ts'
import { storeUnavailable } from './store-unavailable.ts'

type Lifetime = 'lasting' | 'passing'

interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database][?parameters]`, or `rediss://` for TLS. */
  readonly address: Secret
  readonly mode: Mode
  readonly now: Now
  /** Told once, at start, which durability the server is configured for. */
  readonly report?: (durability: string) => void
}

type Engines = { readonly [Name in Lifetime]: RedisEngine }

/**
 * Opens a store on a Redis server. Every batch is one script, so that it is written whole or not at all; the requests of
 * one event-loop turn travel together; a write is acknowledged once the server has it on its disk and replicas have it.
 *
 * @throws OperatorError when the server is not reached, is not fit, or holds a store of another mode, version or program.
 */
export async function openRedisStore({
  address,
  mode,
  now,
  report = () => {},
}: RedisOptions): Promise<Store> {
  const target = parseRedisUrl(address)
  const stamp = async ({ lasting, passing }: Engines): Promise<void> => {
    const { send } = lasting.connection
    report(describeDurability(await inspectServer(send, { target, mode }), target))
    for (const { connection, keys } of [lasting, passing]) {
      await checkStamp(connection.send, keys, { target, mode, ifEmpty: 'stamp' })
    }
  }
  return createStore(target, now, await openEngines(target, mode, stamp))
}

/** Looks at a server and the store in it, and changes nothing. Throws OperatorError when it cannot be asked. */
export async function inspectRedis(address: Secret, now: Now): Promise<Inspected> {
  const target = parseRedisUrl(address)
  const place = describeAddress(address) ?? serverOf(target)
  const facts = await inspectTarget(target, place, now)
  if (!facts.isCurrent) return { facts, store: undefined }
  const engines = await openEngines(target, 'serve', () => Promise.resolve())
  return { facts, store: createStore(target, now, engines) }
}

function createStore(target: RedisTarget, now: Now, engines: Engines): Store {
  const engineOf = (kind: Kind): RedisEngine => engines[KINDS[kind]]
  const seconds = (): number => epochSeconds(now)
  const attempt = createAttempt(target)

  return {
    get: async (kind, name) => attempt(() => getRecord(engineOf(kind), { kind, name }, seconds())),
    list: async (kind) => attempt(() => listRecords(engineOf(kind), kind, seconds())),
    depth: async (kind) => attempt(() => measureDepth(engineOf(kind), kind, seconds())),
    write: async (batch) => {
      const [first] = batch
      assertOneLifetime(batch)
      if (first === undefined) return true
      return attempt(() => writeBatch(engineOf(first.kind), batch, seconds()))
    },
    take: async (kind, limit) => {
      const wanted = { kind, limit, as: undefined, seconds: seconds() }
      return attempt(() => moveRecords(engineOf(kind), wanted))
    },
    claim: async (kind, limit, as) => {
      assertOneLifetime([{ kind }, as])
      const wanted = { kind, limit, as, seconds: seconds() }
      return attempt(() => moveRecords(engineOf(kind), wanted))
    },
    purge: async () => {
      const purging = kinds().map((kind) =>
        attempt(() => purgeKind(engineOf(kind), kind, seconds())),
      )
      return (await Promise.all(purging)).reduce((sum, count) => sum + count, 0)
    },
    close: async () => {
      await Promise.all(Object.values(engines).map(async ({ connection }) => connection.close()))
    },
  }
}

/** Tells whether a store was made there. Throws OperatorError when the server cannot be asked. */
export async function hasRedisStore(address: Secret): Promise<boolean> {
  const target = parseRedisUrl(address)
  try {
    const link = await openRedisLink(target, target.databases.lasting)
    try {
      return (await link.send(['EXISTS', keysOf(target.prefix, 'lasting').stamp])) === 1
    } finally {
      link.end(undefined)
    }
  } catch (error) {
    throw explainRedis(error, serverOf(target))
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
      throw storeUnavailable(cause)
    }
  }
}

/** Looks at both databases before either is changed: what is refused is left as it was. */
async function openEngines(
  target: RedisTarget,
  mode: Mode,
  finish: (engines: Engines) => Promise<void>,
): Promise<Engines> {
  const opened: RedisEngine[] = []
  try {
    const lasting = await openEngine(target, mode, 'lasting')
    opened.push(lasting)
    const passing = await openEngine(target, mode, 'passing')
    opened.push(passing)
    await finish({ lasting, passing })
    return { lasting, passing }
  } catch (error) {
    await Promise.all(opened.map(({ connection }) => connection.close()))
    throw explainRedis(error, serverOf(target))
  }
}

async function openEngine(
  target: RedisTarget,
  mode: Mode,
  lifetime: Lifetime,
): Promise<RedisEngine> {
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

function kinds(): readonly Kind[] {
  return Object.keys(KINDS).filter((kind): kind is Kind => Object.hasOwn(KINDS, kind))
}

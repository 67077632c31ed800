import type { Now } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { DatabaseFacts } from './database-facts.ts'
import { checkServer, type ServerFacts } from './redis-durability.ts'
import { explainRedis } from './redis-errors.ts'
import { openRedisLink, type RedisLink } from './redis-link.ts'
import { keysOf } from './redis-records.ts'
import { checkStamp, readServerFacts } from './redis-stamp.ts'
import { serverOf, type RedisTarget } from './redis-url.ts'

type Lifetime = 'lasting' | 'passing'

/** Looks at a server and the stamps of the store in it, and changes nothing. Throws OperatorError when it cannot be asked. */
export async function inspectTarget(
  target: RedisTarget,
  place: string,
  now: Now,
): Promise<DatabaseFacts> {
  try {
    const { facts, ...clock } = await withLink(target, 'lasting', (link) => readFacts(link, now))
    const lasting = await readStamp(target, 'lasting')
    const passing = await readStamp(target, 'passing')
    const refusal = refusalOf(facts, target) ?? lasting.refusal ?? passing.refusal
    const isMade = lasting.isThere
    const isCurrent = refusal === undefined && isMade && passing.isThere
    const { info } = facts
    const connections = {
      used: Number(info.get('connected_clients')),
      limit: Number(info.get('maxclients')),
    }
    return {
      place,
      product: productOf(facts, target),
      ...clock,
      connections,
      isMade,
      isCurrent,
      refusal,
    }
  } catch (error) {
    throw explainRedis(error, serverOf(target))
  }
}

async function withLink<T>(
  target: RedisTarget,
  lifetime: Lifetime,
  use: (link: RedisLink) => Promise<T>,
): Promise<T> {
  const link = await openRedisLink(target, target.databases[lifetime])
  try {
    return await use(link)
  } finally {
    link.end(undefined)
  }
}

type Clock = Pick<DatabaseFacts, 'roundTripMilliseconds' | 'aheadMilliseconds'>

async function readFacts(
  { send }: RedisLink,
  now: Now,
): Promise<Clock & { readonly facts: ServerFacts }> {
  const asked = now().getTime()
  const facts = await readServerFacts(send)
  const answered = now().getTime()
  const theirs = Number(facts.info.get('server_time_usec')) / 1000
  return {
    facts,
    roundTripMilliseconds: answered - asked,
    aheadMilliseconds: Math.round(theirs - (asked + answered) / 2),
  }
}

interface Stamped {
  readonly isThere: boolean
  readonly refusal: OperatorError | undefined
}

function readStamp(target: RedisTarget, lifetime: Lifetime): Promise<Stamped> {
  const keys = keysOf(target.prefix, lifetime)
  return withLink(target, lifetime, async ({ send }) => {
    const isThere = (await send(['EXISTS', keys.stamp])) === 1
    try {
      await checkStamp(send, keys, { target, mode: 'serve', ifEmpty: 'leave' })
      return { isThere, refusal: undefined }
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      return { isThere, refusal: error }
    }
  })
}

function refusalOf(facts: ServerFacts, target: RedisTarget): OperatorError | undefined {
  try {
    checkServer(facts, target, 'serve')
    return undefined
  } catch (error) {
    if (error instanceof OperatorError) return error
    throw error
  }
}

function productOf({ info }: ServerFacts, { isDurabilityAsserted }: RedisTarget): string {
  const isValkey = info.get('server_name') === 'valkey'
  const version = info.get(isValkey ? 'valkey_version' : 'redis_version') ?? ''
  const product = `${isValkey ? 'Valkey' : 'Redis'} ${Number.parseInt(version, 10)}`
  return isDurabilityAsserted ? `${product} (its durability asserted by the URL)` : product
}

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NO_PROC } from '../cli/serving.ts'
import { startNetwork, type Network } from '../store/network.ts'
import { startPostgres } from '../store/postgres-server.ts'
import { hasRedis, startRedis } from '../store/redis-server.ts'
import { makeVault } from '../vault.ts'
import { auditStore } from './audit.ts'
import { describeBook } from './book.ts'
import { startReplicas } from './replicas.ts'
import { openShop, TOKENS_PER_SESSION } from './shop.ts'
import { isSoak } from './soak.ts'

const ROUNDS = isSoak ? 4 : 1
/** What swallows everything is given up after five seconds; a request may have to wait for two answers of the store. */
const LONGEST_ANSWER_MILLISECONDS = 11_000
const OUTAGE_MILLISECONDS = 1000
const STALL_MILLISECONDS = 6000

/** A database, and the way to it. */
interface Database {
  readonly address: string
  readonly network: Network
  /** The address that goes round the network. */
  readonly direct: string
  restart(): Promise<void>
}

async function through(t: TestContext, direct: string): Promise<Omit<Database, 'restart'>> {
  const url = new URL(direct)
  const network = await startNetwork(t, Number(url.port))
  url.port = String(network.port)
  return { address: url.href, network, direct }
}

const DATABASES: Readonly<Record<string, (t: TestContext) => Promise<Database | undefined>>> = {
  PostgreSQL: async (t) => {
    const server = await startPostgres()
    const way = await through(t, await server.createDatabase())
    const restart = async (): Promise<void> => {
      await server.stop()
      await sleep(OUTAGE_MILLISECONDS)
      await server.start()
    }
    return { ...way, restart }
  },
  Redis: async (t) => {
    if (!hasRedis(t)) return undefined
    const server = await startRedis()
    const restart = async (): Promise<void> => {
      await server.kill()
      await sleep(OUTAGE_MILLISECONDS)
      await server.start()
    }
    return { ...(await through(t, server.url())), restart }
  },
}

/** What happens to the database; each ends with everything as it was. */
const OUTAGES: readonly ((database: Database) => Promise<void>)[] = [
  ({ restart }) => restart(),
  async ({ network }) => {
    network.cut(true)
    await sleep(OUTAGE_MILLISECONDS)
    network.cut(false)
  },
  // Long enough for what waits to be given up; it arrives late all the same.
  async ({ network }) => {
    network.stall(true)
    await sleep(STALL_MILLISECONDS)
    network.stall(false)
  },
]

for (const [name, start] of Object.entries(DATABASES)) {
  test(
    `while ${name} restarts or the network to it is cut, every answer comes soon, and nothing is lost or counted twice`,
    { skip: NO_PROC },
    async (t) => {
      const database = await start(t)
      if (database === undefined) return
      const keys = isSoak ? 20_000 : 3000
      const vault = await makeVault(
        keys,
        { tokensPerSession: TOKENS_PER_SESSION },
        database.address,
      )
      const replicas = await startReplicas(t, { vault, count: 2 })
      const shop = await openShop({ vault, at: replicas.at })
      const over = new AbortController()
      t.after(() => over.abort())
      const load = shop.run(over.signal)
      for (let round = 0; round < ROUNDS; round += 1) {
        for (const outage of OUTAGES) {
          await shop.leaveOpen()
          await sleep(300)
          await outage(database)
          // Fails unless a session can be opened within 10 seconds.
          await shop.useLeftOpen()
        }
      }
      over.abort()
      await load
      await shop.readBack()
      await auditStore({ ...vault, store: database.direct }, shop.book)
      await replicas.stop()
      t.diagnostic(`${name}, ${ROUNDS * OUTAGES.length} outages: ${describeBook(shop.book)}`)
      const { outcomes, tokens, longestMilliseconds } = shop.book
      assert.ok(longestMilliseconds() < LONGEST_ANSWER_MILLISECONDS, 'nothing hangs')
      assert.ok((outcomes.get('SERVICE_UNAVAILABLE') ?? 0) > 0, 'the outage was seen')
      assert.equal(outcomes.get('NETWORK_ERROR'), undefined, 'every request was answered')
      assert.ok(tokens.size > 50, 'enough to prove something')
    },
  )
}

import assert from 'node:assert/strict'
import { before, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createConstrainedAuthority } from '../../src/certificates/constrained-authority.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { NO_PROC } from '../cli/serving.ts'
import { trust } from '../https.ts'
import { sharedServer } from '../store/postgres-server.ts'
import { makeVault, type MadeVault } from '../vault.ts'
import { auditStore } from './audit.ts'
import { describeBook } from './book.ts'
import { hasProxy, startProxy, type Proxy } from './proxies.ts'
import { startReplicas, type Replicas } from './replicas.ts'
import { openShop, TOKENS_PER_SESSION, type Shop } from './shop.ts'
import { isSoak } from './soak.ts'

const LOAD_MILLISECONDS = isSoak ? 60_000 : 8000
const KILL_EVERY_MILLISECONDS = isSoak ? 5000 : 3000
/** How long a replica of these tests drains: the default. */
export const DRAIN_MILLISECONDS = 3000
const POOLED_KEYS = isSoak ? 20_000 : 4000

const authority = await createConstrainedAuthority({ now: systemClock, random: systemRandom })
before(() => trust(authority.caPem))

/** Replicas behind a proxy, their store, and who uses them. */
export interface BehindProxy {
  readonly vault: MadeVault
  readonly replicas: Replicas
  readonly shop: Shop
}

/** Two replicas on PostgreSQL behind a proxy, and a shop that knows the proxy only. */
export async function startBehind(t: TestContext, proxy: Proxy): Promise<BehindProxy> {
  const address = await (await sharedServer()).createDatabase()
  const vault = await makeVault(POOLED_KEYS, { tokensPerSession: TOKENS_PER_SESSION }, address)
  const drain = ['--drain-milliseconds', String(DRAIN_MILLISECONDS)]
  const args = ['--proxies', '127.0.0.1', ...drain]
  const replicas = await startReplicas(t, { vault, count: 2, args })
  const certificate = await authority.certify(['127.0.0.1'])
  const url = await startProxy(t, proxy, { replicas, certificate })
  return { vault, replicas, shop: await openShop({ vault, at: () => url, behindProxy: true }) }
}

/** Runs the load while something is done to the replicas, then compares what was told with what is stored. */
export async function underLoad(
  t: TestContext,
  { vault, replicas, shop }: BehindProxy,
  disturb: () => Promise<void>,
): Promise<void> {
  const over = new AbortController()
  t.after(() => over.abort())
  const load = shop.run(over.signal)
  await disturb()
  over.abort()
  await load
  await shop.readBack()
  await auditStore(vault, shop.book)
  await replicas.stop()
}

/** Tests that killing replicas behind a proxy, again and again under load, loses nothing. */
export function testKillsBehind(proxy: Proxy): void {
  test(
    `behind ${proxy.name}, killing a replica every few seconds loses no acknowledged token and leaves no use uncounted`,
    { skip: NO_PROC },
    async (t) => {
      if (!hasProxy(t, proxy)) return
      const set = await startBehind(t, proxy)
      let kills = 0
      await underLoad(t, set, async () => {
        const end = performance.now() + LOAD_MILLISECONDS
        while (performance.now() < end) {
          const next = performance.now() + KILL_EVERY_MILLISECONDS
          set.replicas.kill(kills)
          await set.replicas.restart(kills)
          kills += 1
          await sleep(Math.max(0, next - performance.now()))
        }
      })
      t.diagnostic(
        `${proxy.name}, ${LOAD_MILLISECONDS / 1000} s, ${kills} kills: 0 acknowledged tokens lost, 0 uses uncounted; ` +
          describeBook(set.shop.book),
      )
      assert.ok(set.shop.book.tokens.size > 100, 'enough to prove something')
    },
  )
}

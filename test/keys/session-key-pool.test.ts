import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import type { ClaimedKey } from '../../src/keys/claim-keys.ts'
import {
  createSessionKeyPool,
  type PoolPolicy,
  type SessionKeyPool,
} from '../../src/keys/session-key-pool.ts'
import { createTestClock } from '../store/clock.ts'

const POLICY: PoolPolicy = {
  batch: 8,
  reserve: 0,
  // Long enough on a busy machine: for how long sessions wait is tested apart.
  waitMilliseconds: 10_000,
  waiters: 20,
  waitersPerMerchant: 10,
  retryMilliseconds: 5,
}

/** A pool over a pile of keys that a test fills. */
function makePool(policy: Partial<PoolPolicy> = {}, claimDelay = 0) {
  const clock = createTestClock()
  const pile: ClaimedKey[] = []
  const claims: number[] = []
  let made = 0
  const claim = async (limit: number): Promise<readonly ClaimedKey[]> => {
    claims.push(limit)
    if (claimDelay > 0) await sleep(claimDelay)
    const issueUntil = clock.seconds() + 3600
    return pile.splice(0, limit).map((key) => ({ ...key, issueUntil }))
  }
  const add = (count: number): void => {
    for (let each = 0; each < count; each += 1) {
      made += 1
      pile.push({ kid: `k${made}`, n: 'n', issueUntil: 0, sealedBy: 'seal' })
    }
  }
  const pool = createSessionKeyPool({ claim, now: clock.now }, { ...POLICY, ...policy })
  return { pool, add, claims, pile, clock }
}

async function drawn(pool: SessionKeyPool, merchantId: string, count: number): Promise<string[]> {
  const keys = await Promise.all(Array.from({ length: count }, () => pool.next(merchantId)))
  return keys.map(({ kid }) => kid)
}

const EMPTY = { code: 'KEY_POOL_EMPTY', status: 503, retryAfterSeconds: 2 }
const LIMITED = { code: 'RATE_LIMITED', status: 429, retryAfterSeconds: 1 }

test('gives each key once, oldest first, and claims in batches', async () => {
  const { pool, add, claims } = makePool()
  add(20)
  await pool.fill()
  assert.deepEqual(claims, [8])
  assert.equal(pool.status().ready, 8)
  const kids: string[] = []
  for (let key = 0; key < 20; key += 1) kids.push((await pool.next('shop')).kid)
  assert.deepEqual(
    kids,
    Array.from({ length: 20 }, (_, index) => `k${index + 1}`),
  )
  assert.ok(claims.every((limit) => limit === 8))
})

test('asks an empty pool every so often, however many sessions wait', async () => {
  const { pool, claims } = makePool({ ...ROOMY, waitMilliseconds: 400, retryMilliseconds: 50 })
  const waiting = Array.from({ length: 40 }, async (_, index) => {
    await sleep(index * 5)
    await assert.rejects(pool.next(`shop-${index % 10}`), EMPTY)
  })
  await Promise.all(waiting)
  assert.ok(claims.length <= 1 + (40 * 5 + 400) / 50, `${claims.length} claims`)
})

const ROOMY = { waiters: 100, waitersPerMerchant: 100 }

test('claims one batch at a time, however many sessions ask', async () => {
  const { pool, add, claims } = makePool(ROOMY, 5)
  add(50)
  const kids = await drawn(pool, 'shop', 40)
  assert.equal(new Set(kids).size, 40)
  assert.ok(claims.length <= 7, String(claims.length))
})

test('waits while the pool is empty and is served when a key arrives', async () => {
  const { pool, add } = makePool()
  const waiting = pool.next('shop')
  await sleep(20)
  assert.equal(pool.status().waiting, 1)
  add(1)
  assert.equal((await waiting).kid, 'k1')
  assert.equal(pool.status().waiting, 0)
})

const IMPATIENT = { waitMilliseconds: 60 }

test('gives up after the limit', async () => {
  const { pool, add } = makePool(IMPATIENT)
  const started = performance.now()
  await assert.rejects(pool.next('shop'), EMPTY)
  const waited = performance.now() - started
  assert.ok(waited >= 55 && waited < 1000, String(waited))
  assert.equal(pool.status().waiting, 0)
  add(1)
  assert.equal((await pool.next('shop')).kid, 'k1')
})

test('bounds the sessions that wait, of one merchant and in all', async () => {
  const { pool, add } = makePool({ waiters: 15, waitersPerMerchant: 10 })
  const waiting = [...Array.from({ length: 10 }, () => pool.next('flood')), pool.next('shop')]
  await assert.rejects(pool.next('flood'), LIMITED)
  waiting.push(...Array.from({ length: 4 }, () => pool.next('shop')))
  await assert.rejects(pool.next('third'), EMPTY)
  assert.equal(pool.status().waiting, 15)
  add(15)
  assert.equal(new Set((await Promise.all(waiting)).map(({ kid }) => kid)).size, 15)
})

test('serves those who wait in turns, one merchant after the other', async () => {
  const { pool, add } = makePool({ batch: 20 })
  const order: string[] = []
  const ask = (merchantId: string): Promise<void> =>
    pool.next(merchantId).then(() => void order.push(merchantId))
  const waiting = [
    ...Array.from({ length: 6 }, () => ask('flood')),
    ...Array.from({ length: 2 }, () => ask('shop')),
    ask('other'),
  ]
  add(9)
  await Promise.all(waiting)
  assert.deepEqual(order.slice(0, 5), ['flood', 'shop', 'other', 'flood', 'shop'])
  assert.deepEqual(order.slice(5), ['flood', 'flood', 'flood', 'flood'])
})

test('keeps the reserve from a merchant that has had its share, and serves another at once', async () => {
  const limits = { waitMilliseconds: 400, waiters: 200, waitersPerMerchant: 200 }
  const policy = { batch: 40, reserve: 4, ...limits }
  const { pool, add } = makePool(policy)
  add(40)
  await pool.fill()
  const flooding = Array.from({ length: 60 }, () => pool.next('flood').catch(() => undefined))
  await sleep(10)
  assert.equal(pool.status().ready, 4)
  assert.equal(pool.status().waiting, 24)
  for (let key = 0; key < 4; key += 1) {
    const started = performance.now()
    await pool.next('shop')
    assert.ok(performance.now() - started < 200)
  }
  const served = (await Promise.all(flooding)).filter((key) => key !== undefined)
  assert.equal(served.length, 36)
})

test('gives a lone merchant everything but the reserve, also when it has had its share', async () => {
  const { pool, add } = makePool({ batch: 16, reserve: 2 })
  add(1000)
  const kids: string[] = []
  for (let key = 0; key < 200; key += 1) kids.push((await pool.next('shop')).kid)
  assert.equal(new Set(kids).size, 200)
})

test('shares scarce keys among the merchants that wait', async () => {
  const policy = {
    batch: 4,
    reserve: 2,
    waitMilliseconds: 300,
    waiters: 300,
    waitersPerMerchant: 200,
  }
  const { pool, add } = makePool(policy)
  const counts: Record<string, number> = { flood: 0, shop: 0 }
  const ask = async (merchantId: string): Promise<void> => {
    await pool.next(merchantId).then(
      () => (counts[merchantId] = (counts[merchantId] ?? 0) + 1),
      () => 0,
    )
  }
  const asking = Array.from({ length: 150 }, () => ask('flood'))
  for (let round = 0; round < 20; round += 1) {
    asking.push(ask('shop'))
    add(3)
    await sleep(8)
  }
  await Promise.all(asking)
  assert.equal(counts['shop'], 20)
  assert.ok((counts['flood'] ?? 0) >= 30, String(counts['flood']))
})

test('does not issue a key that was held for an hour', async () => {
  const { pool, add, clock } = makePool(IMPATIENT)
  add(16)
  await pool.fill()
  assert.equal((await pool.next('shop')).kid, 'k1')
  clock.advance(3600)
  assert.equal((await pool.next('shop')).kid, 'k9')
  clock.advance(3599)
  assert.equal((await pool.next('shop')).kid, 'k10')
  clock.advance(1)
  await assert.rejects(pool.next('shop'), EMPTY)
})

test('passes a fault of the store on to those who wait, and recovers', async () => {
  let isDown = true
  const fault = new Error('down')
  const claim = async (): Promise<readonly ClaimedKey[]> => {
    if (isDown) throw fault
    return [{ kid: 'k1', n: 'n', issueUntil: 4_000_000_000, sealedBy: 'seal' }]
  }
  const pool = createSessionKeyPool({ claim, now: () => new Date(0) }, POLICY)
  await assert.rejects(pool.next('shop'), fault)
  await pool.fill()
  isDown = false
  assert.equal((await pool.next('shop')).kid, 'k1')
})

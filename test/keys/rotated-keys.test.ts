import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import { createRotatedKeys, type RotatedKeys } from '../../src/keys/rotated-keys.ts'
import { poolSealer } from '../../src/keys/sealing-keys.ts'
import { createSessionKeys } from '../../src/keys/session-keys.ts'
import { readErrorOf } from '../error-reply.ts'
import {
  createToken,
  encrypt,
  encryptData,
  makeRootKey,
  openSession,
  postJwe,
  readPart,
  requestSession,
  stockPool,
} from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'

interface Started extends Harness {
  readonly clock: TestClock
  readonly keys: RotatedKeys
  /** The kids of pooled keys that did not open. */
  readonly unreadable: readonly string[]
}

const POLICY = { sessions: 5, seconds: 60 }

async function start(
  t: TestContext,
  { count = 4, policy = POLICY }: { count?: number; policy?: typeof POLICY } = {},
): Promise<Started> {
  const clock = createTestClock()
  const harness = await startHarness({ now: clock.now, rotation: policy })
  t.after(() => harness.close())
  await stockPool(harness, 'rotated-pool-key', { count, now: clock.now() })
  const { store, sealer } = harness
  const unreadable: string[] = []
  const needs = {
    ...store,
    sealer,
    poolSealer: poolSealer(sealer),
    now: clock.now,
    site: '08',
    onUnreadable: (kid: string) => void unreadable.push(kid),
  }
  return { ...harness, clock, unreadable, keys: createRotatedKeys(needs, policy) }
}

async function draw(keys: RotatedKeys, merchantId: string, count: number) {
  return Promise.all(Array.from({ length: count }, () => keys.next(merchantId)))
}

function distinct(values: readonly string[]): number {
  return new Set(values).size
}

test('gives each session a kid of its own over one modulus', async (t) => {
  const { keys, store } = await start(t)
  const jwks = await draw(keys, 'shop', 5)
  assert.equal(distinct(jwks.map(({ kid }) => kid)), 5)
  assert.equal(distinct(jwks.map(({ n }) => n)), 1)
  assert.equal(distinct(jwks.map(({ kid }) => kid.slice(0, 12))), 1)
  for (const { kid } of jwks) assert.match(kid, /^08[0-9A-Za-z]{30}$/)
  assert.equal((await store.depth('rotated-pool-key')).count, 3)
  assert.equal((await store.depth('rotated-key')).count, 1)
})

test('drops a pooled key that does not open, says so, and takes the next', async (t) => {
  const { keys, store, unreadable } = await start(t, { count: 0 })
  const junk = {
    kind: 'rotated-pool-key',
    expiresAt: undefined,
    value: Buffer.from('junk'),
  } as const
  await store.write([{ op: 'put-new', name: 'changed', ...junk }])
  await assert.rejects(keys.next('shop'), { code: 'KEY_POOL_EMPTY' })
  assert.deepEqual(unreadable, ['changed'])
})

test('shares a modulus within one merchant only', async (t) => {
  const { keys } = await start(t)
  const [first, second] = [await keys.next('shop'), await keys.next('other')]
  assert.notEqual(first.n, second.n)
  assert.equal((await keys.next('shop')).n, first.n)
  assert.equal((await keys.next('other')).n, second.n)
})

test('replaces a key when it has served its sessions', async (t) => {
  const { keys } = await start(t)
  const moduli: string[] = []
  for (let session = 0; session < 11; session += 1) moduli.push((await keys.next('shop')).n)
  assert.equal(distinct(moduli.slice(0, 5)), 1)
  assert.equal(distinct(moduli.slice(5, 10)), 1)
  assert.equal(distinct(moduli), 3)
})

test('replaces a key when its time is up, at the very second', async (t) => {
  const { keys, clock } = await start(t)
  const first = await keys.next('shop')
  clock.advance(59)
  assert.equal((await keys.next('shop')).n, first.n)
  clock.advance(1)
  assert.notEqual((await keys.next('shop')).n, first.n)
})

test('takes one new key when many sessions find the old one due at once', async (t) => {
  const counted = await start(t, { count: 3 })
  const moduli = (await draw(counted.keys, 'shop', 12)).map(({ n }) => n)
  assert.equal(distinct(moduli), 3)
  assert.equal((await counted.store.depth('rotated-pool-key')).count, 0)

  const timed = await start(t, { count: 2 })
  await timed.keys.next('shop')
  timed.clock.advance(60)
  const later = await draw(timed.keys, 'shop', 5)
  assert.equal(distinct(later.map(({ n }) => n)), 1)
  assert.equal((await timed.store.depth('rotated-pool-key')).count, 0)
})

test('refuses everybody while the pool is empty, and asks it again', async (t) => {
  const { keys, store, sealer, clock } = await start(t, { count: 1 })
  await draw(keys, 'shop', 5)
  const code = { code: 'KEY_POOL_EMPTY', retryAfterSeconds: 2 }
  await assert.rejects(keys.next('shop'), code)
  const refusals = await Promise.allSettled([keys.next('shop'), keys.next('shop'), keys.next('x')])
  assert.deepEqual(
    refusals.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  await stockPool({ store, sealer }, 'rotated-pool-key', { count: 1, now: clock.now() })
  assert.equal(distinct((await draw(keys, 'shop', 5)).map(({ n }) => n)), 1)
})

test('answers 503 with Retry-After when a rotated key is due and none is ready', async (t) => {
  const harness = await start(t, { count: 0 })
  const signer = await harness.addMerchant({ sessionKeys: 'rotated' })
  const reply = await requestSession(harness, { signer, now: harness.clock.now() })
  readErrorOf('KEY_POOL_EMPTY', reply)
  assert.equal(reply.headers['retry-after'], '2')
})

test('makes sessions whose tokens name their own kid', async (t) => {
  const harness = await start(t)
  const signer = await harness.addMerchant({ sessionKeys: 'rotated' })
  const now = harness.clock.now()
  const [first, second] = [
    await openSession(harness, { signer, now }),
    await openSession(harness, { signer, now }),
  ]
  assert.equal(first.jwk.n, second.jwk.n)
  for (const session of [first, second]) {
    const token = await createToken(harness, session)
    assert.equal(readPart(token, 0)['kid'], session.jwk.kid)
  }
  const crossed = encryptData({ ...first, jwk: second.jwk })
  const { details } = readErrorOf('VALIDATION_FAILED', await postJwe(harness, crossed))
  assert.equal(details[0]?.location, 'context')
})

test('never shares a key between two processes over one store', async (t) => {
  const rootKey = makeRootKey()
  const harness = await startHarness({ rootKey })
  t.after(() => harness.close())
  const replica = await startHarness({ store: harness.store, rootKey })
  await stockPool(harness, 'rotated-pool-key', { count: 2 })
  const signer = await harness.addMerchant({ sessionKeys: 'rotated' })
  const [here, there] = [
    await openSession(harness, { signer }),
    await openSession(replica, { signer }),
  ]
  assert.notEqual(here.jwk.n, there.jwk.n)
  await createToken(replica, here)
  await createToken(harness, there)
  await replica.service.close()
})

test('knows a forged kid with the right reference for nobody’s, without the private key', async (t) => {
  const harness = await start(t)
  const { keys, store, sealer } = harness
  const { kid } = await keys.next('shop')
  const found = createSessionKeys(
    { get: store.get, sealer, poolSealer: poolSealer(sealer), now: harness.clock.now },
    '08',
  )
  assert.notEqual(await found.find(kid), 'unknown')
  const forged = [
    kid.slice(0, 22) + '0'.repeat(10),
    `${kid.slice(0, 10)}${'0'.repeat(12)}${kid.slice(22)}`,
    `07${kid.slice(2)}`,
    kid.slice(0, 31) + (kid.endsWith('a') ? 'b' : 'a'),
    `08${'0'.repeat(30)}`,
  ]
  for (const each of forged) assert.equal(await found.find(each), 'unknown', each)
  const signer = await harness.addMerchant({ sessionKeys: 'rotated' })
  const session = await openSession(harness, { signer, now: harness.clock.now() })
  const jwk = { ...session.jwk, kid: `${session.jwk.kid.slice(0, 22)}AAAAAAAAAA` }
  const reply = await postJwe(harness, encryptData({ ...session, jwk }))
  readErrorOf('SESSION_KEY_NOT_FOUND', reply)
  assert.equal((await store.depth('session-use')).count, 0)
})

test('keeps a rotated key for its sessions’ 15 minutes and no longer', async (t) => {
  const harness = await start(t)
  const { clock } = harness
  const signer = await harness.addMerchant({ sessionKeys: 'rotated' })
  await openSession(harness, { signer, now: clock.now() })
  clock.advance(59)
  const session = await openSession(harness, { signer, now: clock.now() })
  clock.advance(899)
  await createToken(harness, session)
  clock.advance(1)
  readErrorOf('SESSION_KEY_NOT_FOUND', await postJwe(harness, encryptData(session)))
  // What is no data tells whether the private key was used.
  readErrorOf('DECRYPTION_ERROR', await postJwe(harness, encrypt(session, 'x')))
  clock.advance(1)
  readErrorOf('SESSION_KEY_NOT_FOUND', await postJwe(harness, encrypt(session, 'x')))
  assert.deepEqual(await harness.store.list('rotated-key'), [])
  const found = createSessionKeys(
    {
      get: harness.store.get,
      sealer: harness.sealer,
      poolSealer: poolSealer(harness.sealer),
      now: harness.clock.now,
    },
    '08',
  )
  assert.equal(await found.find(session.jwk.kid), 'unknown')
})

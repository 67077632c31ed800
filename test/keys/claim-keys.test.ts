import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../src/clock-and-random.ts'
import { ServiceError } from '../../src/errors.ts'
import { SealError } from '../../src/jose/seal.ts'
import { claimKeys, openClaimedKey } from '../../src/keys/claim-keys.ts'
import { poolSealer } from '../../src/keys/sealing-keys.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { readErrorOf } from '../error-reply.ts'
import {
  BUNDLED_KEYS,
  createToken,
  makeRootKey,
  openSession,
  requestSession,
  stockPool,
} from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { makeFolder } from '../store/folder.ts'

const SECONDS = 1_700_000_000
const NOW = (): Date => new Date(SECONDS * 1000)

async function start(t: TestContext, count: number): Promise<Harness> {
  const store = createMemoryStore(NOW)
  const harness = await startHarness({ store, now: NOW })
  t.after(() => harness.close())
  for (const kind of ['pool-key', 'session-key'] as const) {
    for (const { name } of await store.list(kind)) await store.write([{ op: 'delete', kind, name }])
  }
  await stockPool(harness, 'pool-key', { count, now: NOW() })
  return harness
}

function needsOf({ store, sealer }: Harness, unreadable: string[] = []) {
  const onUnreadable = (kid: string): void => void unreadable.push(kid)
  return { ...store, sealer, poolSealer: poolSealer(sealer), onUnreadable }
}

test('turns pooled keys into session keys, sealed as they were', async (t) => {
  const harness = await start(t, 5)
  const claimed = await claimKeys(needsOf(harness), 3, SECONDS)
  assert.equal(claimed.length, 3)
  assert.equal((await harness.store.depth('pool-key')).count, 2)
  const stored = await harness.store.list('session-key')
  assert.deepEqual(
    stored.map(({ name }) => name),
    claimed.map(({ kid }) => kid),
  )
  for (const [index, record] of stored.entries()) {
    const key = BUNDLED_KEYS[index]
    assert.ok(key)
    assert.equal(claimed[index]?.issueUntil, SECONDS + 3600)
    assert.equal(record.expiresAt, SECONDS + 3600 + 900)
    const { content } = openClaimedKey(record, poolSealer(harness.sealer))
    const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
    assert.deepEqual(content, pkcs8)
    assert.equal(claimed[index].n, key.export({ format: 'jwk' }).n)
    assert.ok(!record.value.includes(pkcs8.subarray(100, 140)))
  }
})

test('claims what there is, and nothing from an empty pool', async (t) => {
  const harness = await start(t, 2)
  assert.equal((await claimKeys(needsOf(harness), 32, SECONDS)).length, 2)
  assert.deepEqual(await claimKeys(needsOf(harness), 32, SECONDS), [])
})

test('drops a pooled key that does not open and reports its kid', async (t) => {
  const harness = await start(t, 3)
  const [first] = await harness.store.list('pool-key')
  assert.ok(first)
  const value = Buffer.from(first.value)
  value.writeUInt8(value.readUInt8(60) ^ 1, 60)
  const put = { op: 'put', kind: 'pool-key', name: first.name, expiresAt: first.expiresAt } as const
  await harness.store.write([{ ...put, value }])
  const unreadable: string[] = []
  const claimed = await claimKeys(needsOf(harness, unreadable), 32, SECONDS)
  assert.deepEqual(unreadable, [first.name])
  assert.equal(claimed.length, 2)
  assert.equal((await harness.store.depth('pool-key')).count, 0)
})

test('opens no session key that is kept longer than its seal allows, or under another kid', async (t) => {
  const harness = await start(t, 2)
  const [key, other] = await claimKeys(needsOf(harness), 2, SECONDS)
  const [record] = await harness.store.list('session-key')
  assert.ok(record && key && other)
  const open = (changed: object) => () =>
    openClaimedKey({ ...record, ...changed }, poolSealer(harness.sealer))
  const latest = SECONDS + 24 * 3600 + 3600 + 900
  assert.ok(open({ expiresAt: latest })())
  for (const changed of [
    { expiresAt: latest + 1 },
    { expiresAt: undefined },
    { name: other.kid },
    { value: record.value.subarray(0, -1) },
  ]) {
    assert.throws(open(changed), SealError)
  }
})

test('never claims a kid that was claimed before', async (t) => {
  const harness = await start(t, 3)
  const [, second] = await harness.store.list('pool-key')
  assert.ok(second)
  const again = { op: 'put-new', kind: 'pool-key', ...second } as const
  const before = await claimKeys(needsOf(harness), 2, SECONDS)
  await harness.store.write([again])
  const after = await claimKeys(needsOf(harness), 32, SECONDS)
  const kids = [...before, ...after].map(({ kid }) => kid)
  assert.deepEqual([after.length, new Set(kids).size], [1, 3])
  assert.deepEqual(await claimKeys(needsOf(harness), 32, SECONDS), [])
})

test('returns no key when the store fails', async (t) => {
  const harness = await start(t, 3)
  const claim = async (): Promise<never> => {
    throw new ServiceError('STORE_UNAVAILABLE')
  }
  const failing = { ...needsOf(harness), claim }
  await assert.rejects(claimKeys(failing, 2, SECONDS), { code: 'STORE_UNAVAILABLE' })
  assert.equal((await harness.store.depth('pool-key')).count, 3)
})

test('never gives a kid twice: two services over one SQLite store, at the same time', async () => {
  const [folder, rootKey] = [makeFolder(), makeRootKey()]
  const options = { folder, mode: 'dev', now: systemClock } as const
  const first = await startHarness({ store: openSqliteStore(options), rootKey })
  await stockPool(first, 'pool-key', { count: 60 })
  const second = await startHarness({ store: openSqliteStore(options), rootKey })
  const opened = await Promise.all(
    Array.from({ length: 56 }, (_, index) => openSession(index % 2 === 0 ? first : second)),
  )
  assert.equal(new Set(opened.map(({ jwk }) => jwk.kid)).size, 56)
  const [one, two] = opened
  assert.ok(one && two)
  await createToken(second, one)
  await createToken(first, two)
  await first.close()
  await second.close()
})

test('does not give claimed keys back when it closes', async () => {
  const [folder, rootKey] = [makeFolder(), makeRootKey()]
  const open = () => openSqliteStore({ folder, mode: 'dev', now: systemClock })
  const poolPolicy = POLICY
  const first = await startHarness({ store: open(), rootKey, poolPolicy })
  const session = await openSession(first)
  const claimed = (await first.store.list('session-key')).map(({ name }) => name)
  assert.equal(claimed.length, 4)
  await first.close()

  const store = open()
  const pooled = (await store.list('pool-key')).map(({ name }) => name)
  assert.ok(!pooled.some((kid) => claimed.includes(kid)))
  const second = await startHarness({ store, rootKey, poolPolicy })
  const later = await Promise.all(Array.from({ length: 8 }, () => openSession(second)))
  assert.ok(later.every(({ jwk }) => !claimed.includes(jwk.kid)))
  await createToken(second, session)
  await second.close()
})

const POLICY = {
  batch: 4,
  reserve: 0,
  waitMilliseconds: 100,
  waiters: 10,
  waitersPerMerchant: 5,
  retryMilliseconds: 5,
}

test('answers 503 with Retry-After over HTTP when no key came in time', async () => {
  const harness = await startHarness({ poolPolicy: { ...POLICY, waitMilliseconds: 40 } })
  for (let opened = 0; opened < 8; opened += 1) await openSession(harness)
  const reply = await requestSession(harness)
  readErrorOf('KEY_POOL_EMPTY', reply)
  assert.equal(reply.headers['retry-after'], '2')
  await harness.close()
})

test('serves a session that waits over HTTP as soon as a key arrives', async () => {
  const harness = await startHarness({ poolPolicy: { ...POLICY, waitMilliseconds: 5000 } })
  for (let opened = 0; opened < 8; opened += 1) await openSession(harness)
  const waiting = openSession(harness)
  const [kid] = await stockPool(harness, 'pool-key', { count: 1 })
  assert.equal((await waiting).jwk.kid, kid)
  await harness.close()
})

test('serves another merchant at once while one floods, from the reserve', async () => {
  const limits = { waitMilliseconds: 500, waiters: 100, waitersPerMerchant: 100 }
  const harness = await startHarness({
    poolPolicy: { ...POLICY, ...limits, batch: 64, reserve: 6 },
  })
  await stockPool(harness, 'pool-key', { count: 56 })
  const flooder = await harness.addMerchant()
  for (let opened = 0; opened < 8; opened += 1) await openSession(harness)
  const flooding = Array.from({ length: 70 }, () => requestSession(harness, { signer: flooder }))
  const started = performance.now()
  for (let opened = 0; opened < 4; opened += 1) await openSession(harness)
  assert.ok(performance.now() - started < 450)
  const refused = (await Promise.all(flooding)).filter(({ statusCode }) => statusCode !== 201)
  for (const reply of refused) readErrorOf('KEY_POOL_EMPTY', reply)
  assert.ok(refused.length >= 70 - 56)
  await harness.close()
})

test('answers 429 with Retry-After to a merchant of which too many sessions wait', async () => {
  const harness = await startHarness({ poolPolicy: { ...POLICY, waitMilliseconds: 500 } })
  const other = await harness.addMerchant()
  for (let opened = 0; opened < 8; opened += 1) await openSession(harness)
  const flooding = Array.from({ length: 9 }, () => requestSession(harness))
  const waiting = openSession(harness, { signer: other })
  const limited = (await Promise.all(flooding)).filter(({ statusCode }) => statusCode === 429)
  await assert.rejects(waiting)
  assert.equal(limited.length, 4)
  for (const reply of limited) {
    readErrorOf('RATE_LIMITED', reply)
    assert.equal(reply.headers['retry-after'], '1')
  }
  await harness.close()
})

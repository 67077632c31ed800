import { strict as assert } from 'node:assert'
import { createSecretKey, randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { systemClock } from '../../src/clock-and-random.ts'
import { keyIdOf, open } from '../../src/jose/seal.ts'
import { mintSessionKey, type PoolKind } from '../../src/keys/mint-order.ts'
import { startMinting, type Minting } from '../../src/keys/minting.ts'
import { poolSealer } from '../../src/keys/sealing-keys.ts'
import { readModulus, readPrivateKey } from '../../src/keys/session-key-material.ts'
import type { Store } from '../../src/store/contract.ts'
import { openRecord, openWithin, type Sealer } from '../../src/store/sealed-records.ts'
import { createToken, openSession } from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'

const KINDS: readonly PoolKind[] = ['pool-key', 'rotated-pool-key']

async function startEmpty(t: TestContext): Promise<Harness> {
  const poolPolicy = {
    batch: 4,
    reserve: 0,
    waitMilliseconds: 10_000,
    waiters: 10,
    waitersPerMerchant: 10,
    retryMilliseconds: 20,
  }
  const harness = await startHarness({ poolPolicy })
  t.after(() => harness.close())
  // The bundled handful goes first.
  for (let opened = 0; opened < 8; opened += 1) await openSession(harness)
  assert.equal((await harness.store.depth('pool-key')).count, 0)
  return harness
}

function start(
  t: TestContext,
  { sealer, store }: Pick<Harness, 'sealer'> & { readonly store: Pick<Store, 'depth' | 'write'> },
  targets: Readonly<Record<PoolKind, number>>,
): { readonly minting: Minting; readonly faults: unknown[]; recoveries(): number } {
  const faults: unknown[] = []
  let recovered = 0
  const onFault = (error: unknown): void => void faults.push(error)
  const minting = startMinting({
    store,
    sealer,
    targets,
    now: systemClock,
    site: '08',
    onFault,
    onRecovery: () => void (recovered += 1),
  })
  t.after(() => minting.stop())
  return { minting, faults, recoveries: () => recovered }
}

test('a store that is slow to fail is asked once at a time, and does not hold up the end', async (t) => {
  const { sealer } = await startEmpty(t)
  const [asked, fail]: [number[], (() => void)[]] = [[], []]
  const store: Pick<Store, 'depth' | 'write'> = {
    depth: () =>
      new Promise((_resolve, reject) => {
        asked.push(asked.length)
        fail.push(() => reject(new Error('no answer')))
      }),
    write: async () => true,
  }
  const { minting } = start(t, { sealer, store }, { 'pool-key': 1, 'rotated-pool-key': 1 })
  await sleep(1000)
  assert.equal(asked.length, 1)
  fail.at(-1)?.()
  await until(() => asked.length === 2)
  const stopped = minting.stop()
  fail.at(-1)?.()
  await stopped
  assert.equal(asked.length, 2)
})

// Minting gets what others leave of the processor.
const LONGEST_MILLISECONDS = 120_000

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now()
  while (!(await isTrue())) {
    assert.ok(performance.now() - started < LONGEST_MILLISECONDS, 'took too long')
    await sleep(20)
  }
}

const CHILDREN = `/proc/${process.pid}/task/${process.pid}/children`

/** The process ids of the minting processes that this process has started. */
function helpers(): readonly number[] {
  return readFileSync(CHILDREN, 'utf8')
    .trim()
    .split(' ')
    .filter((pid) => pid !== '' && commandOf(pid).includes('mint-session-keys'))
    .map(Number)
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

test('fills both pools with keys that only their pool’s key opens, also when its helpers are killed', async (t) => {
  if (!existsSync(CHILDREN)) {
    t.skip('the kernel does not list child processes')
    return
  }
  const harness = await startEmpty(t)
  const { store, sealer } = harness
  const { minting, faults } = start(t, harness, { 'pool-key': 3, 'rotated-pool-key': 2 })
  await until(() => helpers().length === 2)
  for (const pid of helpers()) process.kill(pid, 'SIGKILL')
  await until(() =>
    KINDS.every((kind) => {
      const { depth, target } = minting.status()[kind]
      return depth >= target - Math.floor(target / 4)
    }),
  )
  await minting.stop()
  assert.deepEqual(faults, [])
  const moduli = new Set<string>()
  for (const kind of KINDS) {
    const { depth, oldestSeconds } = minting.status()[kind]
    const records = await store.list(kind)
    assert.ok(records.length >= depth && oldestSeconds < 60)
    for (const record of records) {
      const place = { kind, name: record.name }
      assert.throws(() => openRecord(record, place, sealer), { name: 'SealError' })
      const { content } = openWithin(record, place, poolSealer(sealer))
      moduli.add(readModulus(content))
      const { modulusLength, publicExponent } = readPrivateKey(content).asymmetricKeyDetails ?? {}
      assert.deepEqual([modulusLength, publicExponent], [2048, 65_537n])
      const day = 24 * 3600
      const left = (record.expiresAt ?? 0) - Math.floor(Date.now() / 1000)
      assert.ok(left <= day && left > day - 60)
    }
    assert.ok(records.length >= minting.status()[kind].target)
  }
  assert.equal(
    moduli.size,
    (await Promise.all(KINDS.map((kind) => store.list(kind)))).flat().length,
  )

  await createToken(harness, await openSession(harness))
  const signer = await harness.addMerchant({ sessionKeys: 'rotated' })
  await createToken(harness, await openSession(harness, { signer }))
})

test('goes on when the store fails, and tells once that it does and once that it works again', async (t) => {
  const harness = await startHarness()
  t.after(() => harness.close())
  let failures = 4
  const depth: Store['depth'] = async (kind) => {
    failures -= 1
    if (failures >= 0) throw new Error('down')
    return harness.store.depth(kind)
  }
  const store = { ...harness.store, depth }
  const { minting, faults, recoveries } = start(
    t,
    { ...harness, store },
    { 'pool-key': 0, 'rotated-pool-key': 0 },
  )
  await until(() => minting.status()['pool-key'].depth > 0)
  assert.deepEqual([faults.length, recoveries(), failures < 0], [1, 1, true])
  assert.deepEqual(minting.status()['rotated-pool-key'], { depth: 0, target: 0, oldestSeconds: 0 })
})

test('a store that can be read and not written is told of once, for as long as it lasts', async (t) => {
  const harness = await startEmpty(t)
  let refused = 0
  let isFull = true
  const write: Store['write'] = async (batch) => {
    if (!isFull) return harness.store.write(batch)
    refused += 1
    throw new Error('disk full')
  }
  const store = { ...harness.store, write }
  const { faults, recoveries } = start(
    t,
    { ...harness, store },
    { 'pool-key': 4, 'rotated-pool-key': 0 },
  )
  await until(() => refused >= 5)
  assert.deepEqual([faults.length, recoveries()], [1, 0])
  isFull = false
  await until(() => recoveries() === 1)
  assert.equal(faults.length, 1)
})

test('tries again when a process cannot be started', async (t) => {
  const harness = await startEmpty(t)
  const { execPath } = process
  process.execPath = '/nowhere/node'
  try {
    const { minting, faults } = start(t, harness, { 'pool-key': 1, 'rotated-pool-key': 0 })
    await until(() => faults.length > 0)
    process.execPath = execPath
    await until(() => minting.status()['pool-key'].depth > 0)
  } finally {
    process.execPath = execPath
  }
})

test('starts no process while the pools are full enough', async (t) => {
  if (!existsSync(CHILDREN)) {
    t.skip('the kernel does not list child processes')
    return
  }
  const harness = await startHarness()
  t.after(() => harness.close())
  const { minting } = start(t, harness, { 'pool-key': 5, 'rotated-pool-key': 0 })
  await sleep(300)
  assert.deepEqual(helpers(), [])
  assert.equal(minting.status()['pool-key'].target, 5)
})

test('mints one key, sealed for its pool under a kid of its own', () => {
  const sealingKey = { id: 'abcd', key: createSecretKey(randomBytes(32)) }
  const needs = { sealingKey, randomBytes, seconds: 1_700_000_000 }
  const { kid, expiresAt, sealed } = mintSessionKey('pool-key', '08', needs)
  assert.match(kid, /^08[0-9A-Za-z]{30}$/)
  assert.equal(expiresAt, 1_700_000_000 + 24 * 3600)
  const find = (id: string) => (id === 'abcd' ? sealingKey : undefined)
  const opened = open(Buffer.from(sealed), { kind: 'pool-key', name: kid }, find)
  assert.equal(opened.expiresAt, expiresAt + 3600 + 900)
  const publicKey = readPrivateKey(opened.content).export({ format: 'jwk' })
  assert.equal(publicKey.n, readModulus(opened.content))
  for (const place of [
    { kind: 'pool-key', name: `${kid.slice(0, 31)}_` },
    { kind: 'rotated-pool-key', name: kid },
  ]) {
    assert.throws(() => open(Buffer.from(sealed), place, find), { name: 'SealError' })
  }
})

test('ends an order when the sealing key is replaced, and has the next sealed with the new one', async (t) => {
  const { sealer, store } = await startEmpty(t)
  const next = { id: 'next', key: createSecretKey(randomBytes(32)) }
  let { active } = sealer
  const replaced: Sealer = {
    get active() {
      return active
    },
    find: (id) => (id === next.id ? next : sealer.find(id)),
    randomBytes: (count) => sealer.randomBytes(count),
  }
  const { faults } = start(
    t,
    { store, sealer: replaced },
    { 'pool-key': 500, 'rotated-pool-key': 1 },
  )
  const sealedBy = async (id: string): Promise<boolean> =>
    (await store.list('pool-key')).some(({ value }) => keyIdOf(value) === id)
  await until(() => sealedBy(sealer.active.id))
  active = next
  await until(() => sealedBy(next.id))
  const records = await store.list('pool-key')
  for (const record of records.filter(({ value }) => keyIdOf(value) === next.id)) {
    const place = { kind: 'pool-key', name: record.name }
    assert.ok(openWithin(record, place, poolSealer(replaced)).content.length > 256)
  }
  assert.deepEqual(faults, [])
})

import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import { isMerchantId } from '../../src/merchant/merchant.ts'
import { createMerchantRegistry, type NewMerchant } from '../../src/merchant/registry.ts'
import { startHarness, type Harness } from '../harness.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'

interface Started extends Harness {
  readonly clock: TestClock
  readonly registry: ReturnType<typeof createMerchantRegistry>
}

async function start(t: TestContext): Promise<Started> {
  const clock = createTestClock()
  const harness = await startHarness({ now: clock.now })
  t.after(() => harness.close())
  return { ...harness, clock, registry: createMerchantRegistry({ ...harness, now: clock.now }) }
}

const SECRET = Buffer.alloc(32, 7)

function newMerchant(changes: Partial<NewMerchant> = {}): NewMerchant {
  return {
    id: 'shop',
    keyId: 'key',
    secret: Buffer.from(SECRET),
    sessionKeys: 'rotated',
    tokensPerSession: 3,
    attemptsPerSession: undefined,
    ...changes,
  }
}

test('finds a merchant by the key id of its credential', async (t) => {
  const { registry, clock } = await start(t)
  const added = newMerchant()
  assert.equal(await registry.add(added), true)
  assert.ok(
    added.secret.every((byte) => byte === 0),
    'the secret handed over is wiped',
  )
  const found = await registry.find('key')
  assert.deepEqual(found?.merchant, {
    id: 'shop',
    sessionKeys: 'rotated',
    tokensPerSession: 3,
    attemptsPerSession: undefined,
    createdAt: clock.seconds(),
  })
  assert.deepEqual(found.credential.secret.export(), SECRET)
  assert.equal(found.credential.merchantId, 'shop')
})

test('adds nothing when the id or the key id is taken', async (t) => {
  const { registry } = await start(t)
  assert.equal(await registry.add(newMerchant()), true)
  assert.equal(await registry.add(newMerchant({ keyId: 'other' })), false)
  assert.equal(await registry.add(newMerchant({ id: 'other' })), false)
  assert.equal(await registry.find('other'), undefined)
  assert.deepEqual(
    (await registry.list()).map(({ id }) => id),
    ['testmid', 'shop'],
  )
  assert.deepEqual(
    (await registry.listCredentials()).map(({ keyId, merchantId }) => [keyId, merchantId]).at(-1),
    ['key', 'shop'],
  )
})

for (const keyId of ['', 'nobody', '__proto__', 'key\u0000', 'x'.repeat(5000), "' OR 1=1 --"]) {
  test(`knows nobody by the key id ${JSON.stringify(keyId).slice(0, 20)}`, async (t) => {
    const { registry } = await start(t)
    await registry.add(newMerchant())
    assert.equal(await registry.find(keyId), undefined)
  })
}

test('forgets a deleted credential within 10 seconds', async (t) => {
  const { registry, store, clock } = await start(t)
  await registry.add(newMerchant())
  assert.ok(await registry.find('key'))
  await store.write([{ op: 'delete', kind: 'credential', name: 'key' }])
  clock.advance(10)
  assert.equal(await registry.find('key'), undefined)
})

test('does not remember that a key id is unknown', async (t) => {
  const { registry } = await start(t)
  assert.equal(await registry.find('key'), undefined)
  await registry.add(newMerchant())
  assert.ok(await registry.find('key'))
})

test('keeps secrets, settings and owners sealed: a record that was moved or changed does not open', async (t) => {
  const { registry, store } = await start(t)
  await registry.add(newMerchant())
  await registry.add(newMerchant({ id: 'thief', keyId: 'thief-key' }))
  const [own, other] = [
    await store.get('credential', 'key'),
    await store.get('credential', 'thief-key'),
  ]
  assert.ok(own && other)
  assert.ok(!own.value.includes(SECRET) && !own.value.includes(SECRET.toString('base64')))
  const put = { op: 'put', kind: 'credential', name: 'key', expiresAt: undefined } as const
  const changed = Buffer.from(own.value)
  changed.writeUInt8(changed.readUInt8(20) ^ 1, 20)
  for (const value of [other.value, changed, Buffer.alloc(0), own.value.subarray(1)]) {
    await store.write([{ ...put, value }])
    await assert.rejects(registry.find('key'), { name: 'SealError' })
  }
  await store.write([{ ...put, value: own.value, expiresAt: 4_000_000_000 }])
  await assert.rejects(registry.find('key'), { name: 'SealError' })
})

test('tells what can be a merchant id', () => {
  for (const id of ['a', 'testmid', 'A.b-c_9', 'x'.repeat(50)]) assert.equal(isMerchantId(id), true)
  for (const id of ['', 'a b', 'x'.repeat(51), 'a/b', 'ä', 'a\n', '"', '\u0000']) {
    assert.equal(isMerchantId(id), false)
  }
})

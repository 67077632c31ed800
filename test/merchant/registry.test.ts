import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import type { CertificateCredential, SharedSecretCredential } from '../../src/merchant/merchant.ts'
import { CERTIFIED, SECRET, start, withCertificate, withSecret } from './administered.ts'

test('finds a merchant by the key id of its credential', async (t) => {
  const { registry, administration, clock } = await start(t)
  assert.equal(await administration.add(...withSecret()), true)
  const found = await registry.find('key')
  assert.deepEqual(found?.merchant, {
    id: 'shop',
    sessionKeys: 'rotated',
    tokensPerSession: 3,
    attemptsPerSession: undefined,
    createdAt: clock.seconds(),
    disabledAt: undefined,
  })
  const { secret, ...credential } = found.credential as SharedSecretCredential
  assert.deepEqual(secret.export(), SECRET)
  assert.deepEqual(credential, {
    kind: 'shared-secret',
    keyId: 'key',
    merchantId: 'shop',
    allows: { jwtV1: false, undated: false, merchants: [] },
    createdAt: clock.seconds(),
    revokedAt: undefined,
  })
})

for (const keyId of ['', 'nobody', '__proto__', 'key\u0000', 'x'.repeat(5000), "' OR 1=1 --"]) {
  test(`knows nobody by the key id ${JSON.stringify(keyId).slice(0, 20)}`, async (t) => {
    const { registry, administration } = await start(t)
    await administration.add(...withSecret())
    assert.equal(await registry.find(keyId), undefined)
  })
}

test('forgets a deleted credential within 10 seconds', async (t) => {
  const { registry, administration, store, clock } = await start(t)
  await administration.add(...withSecret())
  assert.ok(await registry.find('key'))
  await store.write([{ op: 'delete', kind: 'credential', name: 'key' }])
  clock.advance(10)
  assert.equal(await registry.find('key'), undefined)
})

test('forgets a deleted credential also when the clock was set back meanwhile', async (t) => {
  const { registry, administration, store, clock } = await start(t)
  await administration.add(...withSecret())
  assert.ok(await registry.find('key'))
  await store.write([{ op: 'delete', kind: 'credential', name: 'key' }])
  clock.advance(-3600)
  assert.equal(await registry.find('key'), undefined)
})

test('does not remember that a key id is unknown', async (t) => {
  const { registry, administration } = await start(t)
  assert.equal(await registry.find('key'), undefined)
  await administration.add(...withSecret())
  assert.ok(await registry.find('key'))
})

test('keeps secrets, settings and owners sealed: a record that was moved or changed does not open', async (t) => {
  const { registry, administration, store } = await start(t)
  await administration.add(...withSecret())
  await administration.add(...withSecret({ id: 'thief', keyId: 'thief-key' }))
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

test('finds a certificate by its key id and by its fingerprint', async (t) => {
  const { registry, administration } = await start(t)
  assert.equal(await administration.add(...withCertificate()), true)
  const found = await registry.find(CERTIFIED.keyId)
  assert.ok(found)
  const { kind, fingerprint, notAfter, publicKey } = found.credential as CertificateCredential
  assert.deepEqual([kind, fingerprint], ['certificate', CERTIFIED.fingerprint])
  assert.ok(notAfter > 0 && publicKey.asymmetricKeyType === 'rsa')
  assert.deepEqual(await registry.findByFingerprint(fingerprint), found)
  assert.equal(await registry.findByFingerprint(CERTIFIED.keyId), undefined)
  assert.equal(await registry.findByFingerprint('0'.repeat(64)), undefined)
})

test('does not find by its fingerprint a certificate whose key id is now another credential', async (t) => {
  const { registry, administration, store } = await start(t)
  await administration.add(...withCertificate())
  await store.write([{ op: 'delete', kind: 'credential', name: CERTIFIED.keyId }])
  assert.equal(await registry.findByFingerprint(CERTIFIED.fingerprint), undefined)
  const material = { kind: 'shared-secret', secret: Buffer.from(SECRET) } as const
  await administration.addCredential({ keyId: CERTIFIED.keyId, merchantId: 'shop', material })
  assert.equal(await registry.findByFingerprint(CERTIFIED.fingerprint), undefined)
})

test('knows within 10 seconds that a credential was revoked or a merchant disabled', async (t) => {
  const { registry, administration, clock } = await start(t)
  await administration.add(...withSecret())
  await registry.find('key')
  await administration.revokeCredential('key')
  await administration.update('shop', (merchant) => ({ ...merchant, disabledAt: 1 }))
  clock.advance(10)
  const found = await registry.find('key')
  assert.equal(found?.credential.revokedAt, clock.seconds() - 10)
  assert.equal(found.merchant.disabledAt, 1)
  assert.equal((await registry.findMerchant('shop'))?.disabledAt, 1)
})

import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { CERTIFIED, SECRET, start, withCertificate, withSecret } from './administered.ts'

test('wipes the secret that was handed over', async (t) => {
  const { administration } = await start(t)
  const secret = Buffer.from(SECRET)
  const [merchant] = withSecret()
  await administration.add(merchant, { keyId: 'key', material: { kind: 'shared-secret', secret } })
  assert.ok(secret.every((byte) => byte === 0))
})

test('adds nothing when the id or the key id is taken', async (t) => {
  const { administration, registry } = await start(t)
  assert.equal(await administration.add(...withSecret()), true)
  assert.equal(await administration.add(...withSecret({ keyId: 'other' })), false)
  assert.equal(await administration.add(...withSecret({ id: 'other' })), false)
  assert.equal(await registry.find('other'), undefined)
  const ids = (await administration.list()).map(({ id }) => id)
  assert.deepEqual(ids, ['testmid', 'shop'])
  const credentials = await administration.listCredentials()
  assert.deepEqual([credentials.length, credentials.at(-1)?.merchantId], [2, 'shop'])
})

test('adds no certificate twice, under whatever key id', async (t) => {
  const { administration } = await start(t)
  assert.equal(await administration.add(...withCertificate()), true)
  const material = { kind: 'certificate', certificate: CERTIFIED.pem } as const
  const again = { keyId: 'other', merchantId: 'shop', material }
  assert.equal(await administration.addCredential(again), false)
  assert.equal((await administration.listCredentials('shop')).length, 1)
})

test('adds no credential to a merchant that is not there', async (t) => {
  const { administration } = await start(t)
  const [, credential] = withSecret()
  const added = await administration.addCredential({ ...credential, merchantId: 'nobody' })
  assert.equal(added, false)
})

test('lets two credentials of a merchant be good at once', async (t) => {
  const { administration, registry } = await start(t)
  await administration.add(...withSecret())
  const [, second] = withCertificate()
  assert.equal(await administration.addCredential({ ...second, merchantId: 'shop' }), true)
  const [by, other] = [await registry.find('key'), await registry.find(CERTIFIED.keyId)]
  assert.deepEqual(by?.merchant, other?.merchant)
  const own = await administration.listCredentials('shop')
  assert.deepEqual(
    own.map(({ keyId }) => keyId),
    ['key', CERTIFIED.keyId],
  )
})

test('revokes a credential once, at the time of it, and keeps its key id taken', async (t) => {
  const { administration, clock } = await start(t)
  await administration.add(...withSecret())
  const revokedAt = clock.seconds()
  assert.equal(await administration.revokeCredential('key'), true)
  clock.advance(60)
  assert.equal(await administration.revokeCredential('key'), true)
  const [revoked] = await administration.listCredentials('shop')
  assert.deepEqual([revoked?.revokedAt, revoked?.createdAt], [revokedAt, revokedAt])
  const [, credential] = withSecret()
  assert.equal(await administration.addCredential({ ...credential, merchantId: 'shop' }), false)
  assert.equal(await administration.revokeCredential('nobody'), false)
})

test('loses no change of a merchant that two make at once', async (t) => {
  const { administration } = await start(t)
  await administration.add(...withSecret())
  assert.equal(await administration.update('nobody', (merchant) => merchant), false)
  const changes = [{ tokensPerSession: 5 }, { attemptsPerSession: 6 }, { disabledAt: 7 }]
  const updates = changes.map((change) =>
    administration.update('shop', (merchant) => ({ ...merchant, ...change })),
  )
  assert.deepEqual(await Promise.all(updates), [true, true, true])
  const shop = (await administration.list()).find(({ id }) => id === 'shop')
  assert.deepEqual([shop?.tokensPerSession, shop?.attemptsPerSession, shop?.disabledAt], [5, 6, 7])
})

test('leaves no credential behind that is added while its merchant is removed', async (t) => {
  const { administration } = await start(t)
  await administration.add(...withSecret())
  const [, second] = withCertificate()
  const adding = administration.addCredential({ ...second, merchantId: 'shop' })
  const removing = administration.remove('shop')
  await adding
  assert.equal(await removing, true)
  assert.deepEqual(await administration.listCredentials('shop'), [])
})

test('removes a merchant with all its credentials, whose key ids are free again', async (t) => {
  const { administration, store, registry } = await start(t)
  await administration.add(...withSecret())
  const [, second] = withCertificate()
  await administration.addCredential({ ...second, merchantId: 'shop' })
  assert.equal(await administration.remove('shop'), true)
  assert.equal(await administration.remove('shop'), false)
  assert.deepEqual(await administration.listCredentials('shop'), [])
  assert.equal((await store.list('certificate')).length, 0)
  assert.equal(await registry.findByFingerprint(CERTIFIED.fingerprint), undefined)
  assert.equal(await administration.add(...withCertificate()), true)
})

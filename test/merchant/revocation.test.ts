import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'
import { readErrorOf } from '../error-reply.ts'
import { makeRootKey } from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { SCHEMES, type SignedRequest } from '../signed-request.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'
import { addCertified, signV1, signV2 } from './certified.ts'

const DETAILS = { method: 'GET', target: '/flex/v2/payment-details/x' } as const

interface Replicas {
  readonly clock: TestClock
  readonly here: Harness
  readonly there: Harness
}

/** Two services over one store, each with a memory of its own. */
async function startReplicas(t: TestContext): Promise<Replicas> {
  const clock = createTestClock()
  const rootKey = makeRootKey()
  const here = await startHarness({ now: clock.now, rootKey })
  const there = await startHarness({ now: clock.now, rootKey, store: here.store })
  t.after(async () => {
    await there.service.close()
    await here.close()
  })
  return { clock, here, there }
}

async function isLetIn({ service }: Harness, signed: SignedRequest): Promise<boolean> {
  return (await service.app.inject(signed)).statusCode === 404
}

async function reasonOf({ service }: Harness, signed: SignedRequest): Promise<unknown> {
  const reply = await service.app.inject(signed)
  return readErrorOf('AUTHENTICATION_FAILED', reply).coatcheck?.['reason']
}

for (const [scheme, sign] of Object.entries(SCHEMES)) {
  test(`refuses a revoked secret within 10 seconds on every replica, by ${scheme}`, async (t) => {
    const { clock, here, there } = await startReplicas(t)
    const signer = await here.addMerchant()
    const request = (): SignedRequest => sign(signer, DETAILS, { now: clock.now() })
    for (const replica of [here, there]) assert.ok(await isLetIn(replica, request()))
    assert.equal(await here.administration.revokeCredential(signer.keyId), true)
    clock.advance(10)
    for (const replica of [here, there]) {
      assert.equal(await reasonOf(replica, request()), 'CREDENTIAL_REVOKED')
    }
  })
}

test('refuses a revoked certificate within 10 seconds, by its kid and by itself', async (t) => {
  const { clock, here } = await startReplicas(t)
  const shop = await addCertified(here, { jwtV1: true })
  for (const sign of [signV1, signV2]) {
    assert.ok(await isLetIn(here, sign(shop, DETAILS, { now: clock.now() })))
  }
  await here.administration.revokeCredential(shop.keyId)
  clock.advance(10)
  for (const sign of [signV1, signV2]) {
    const signed = sign(shop, DETAILS, { now: clock.now() })
    assert.equal(await reasonOf(here, signed), 'CREDENTIAL_REVOKED')
  }
})

test('refuses a disabled merchant within 10 seconds, and lets it in again', async (t) => {
  const { clock, here } = await startReplicas(t)
  const signer = await here.addMerchant()
  const sign = (): SignedRequest => SCHEMES.jwt(signer, DETAILS, { now: clock.now() })
  assert.ok(await isLetIn(here, sign()))
  const disable = async (disabledAt: number | undefined): Promise<unknown> =>
    here.administration.update(signer.merchantId, (merchant) => ({ ...merchant, disabledAt }))
  await disable(clock.seconds())
  clock.advance(10)
  assert.equal(await reasonOf(here, sign()), 'MERCHANT_DISABLED')
  await disable(undefined)
  clock.advance(10)
  assert.ok(await isLetIn(here, sign()))
})

test('knows nobody by the credentials of a merchant that was removed', async (t) => {
  const { clock, here } = await startReplicas(t)
  const signer = await here.addMerchant()
  const sign = (): SignedRequest => SCHEMES.jwt(signer, DETAILS, { now: clock.now() })
  assert.ok(await isLetIn(here, sign()))
  await here.administration.remove(signer.merchantId)
  clock.advance(10)
  assert.equal(await reasonOf(here, sign()), 'UNKNOWN_KEY_ID')
})

test('tells only who has the key that it was revoked', async (t) => {
  const { clock, here } = await startReplicas(t)
  const signer = await here.addMerchant()
  await here.administration.revokeCredential(signer.keyId)
  for (const sign of Object.values(SCHEMES)) {
    const forged = sign(signer, DETAILS, { now: clock.now(), key: Buffer.alloc(32) })
    assert.equal(await reasonOf(here, forged), 'WRONG_SIGNATURE')
  }
})

test('lets both of two credentials in until the old one is revoked', async (t) => {
  const { clock, here } = await startReplicas(t)
  const old = await here.addMerchant()
  const secret = Buffer.alloc(32, 9)
  const renewed = { ...old, keyId: 'renewed', secret: secret.toString('base64') }
  const material = { kind: 'shared-secret', secret } as const
  await here.administration.addCredential({ ...renewed, material })
  const sign = (signer: typeof old): SignedRequest =>
    SCHEMES.jwt(signer, DETAILS, { now: clock.now() })
  for (const signer of [old, renewed]) assert.ok(await isLetIn(here, sign(signer)))
  await here.administration.revokeCredential(old.keyId)
  clock.advance(10)
  assert.equal(await reasonOf(here, sign(old)), 'CREDENTIAL_REVOKED')
  assert.ok(await isLetIn(here, sign(renewed)))
})

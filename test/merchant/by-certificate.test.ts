import { strict as assert } from 'node:assert'
import { createHmac, X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS } from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { signByHttpSignature, type SignedRequest } from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'
import { addCertified, FOREIGN_KEY, rsaSignature, signV2, type Certified } from './certified.ts'

// JWT of version 2 with a certificate; what it shares with the shared secret is in by-jwt.test.ts.

const SESSIONS = { target: '/flex/v2/sessions', body: JSON.stringify({ fields: CARD_FIELDS }) }
const DETAILS = { method: 'GET', target: '/flex/v2/payment-details/x?a=b' } as const
const clock = createTestClock()
const now = clock.now()

let harness: Harness
let shop: Certified

before(async () => {
  harness = await startHarness({ now: clock.now })
  shop = await addCertified(harness, { merchantId: 'shop' })
})
after(() => harness.close())

async function send(signed: SignedRequest): Promise<LightMyRequestResponse> {
  return harness.service.app.inject(signed)
}

async function refused(signed: SignedRequest): Promise<Record<string, unknown>> {
  const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', await send(signed))
  return { ...coatcheck }
}

for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
  test(`accepts ${alg} with the private key of a registered certificate, and no other`, async () => {
    readErrorOf('TOKEN_NOT_FOUND', await send(signV2(shop, DETAILS, { now, alg })))
    const told = await refused(
      signV2(shop, DETAILS, { now, alg, sign: rsaSignature(alg, FOREIGN_KEY) }),
    )
    assert.equal(told['reason'], 'WRONG_SIGNATURE')
    assert.match(String(told['mistake']), /private key is not the one of the registered/)
  })
}

test('opens a session for a certificate, named by the serialNumber of its subject', async () => {
  assert.match(new X509Certificate(shop.pem).subject, new RegExp(`serialNumber=${shop.keyId}`))
  assert.equal((await send(signV2(shop, SESSIONS, { now }))).statusCode, 201)
  const { serialNumber } = new X509Certificate(shop.pem)
  const byNumber = await refused(signV2(shop, DETAILS, { now, header: { kid: serialNumber } }))
  assert.equal(byNumber['reason'], 'UNKNOWN_KEY_ID')
})

test('takes no HMAC from a certificate: its public key is no secret', async () => {
  const { publicKey } = new X509Certificate(shop.pem)
  const spki = publicKey.export({ type: 'spki', format: 'pem' })
  const der = publicKey.export({ type: 'spki', format: 'der' })
  for (const key of [spki, spki.toString().trim(), der, shop.pem]) {
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      const hash = `sha${alg.slice(2)}`
      const sign = (input: string): Buffer => createHmac(hash, key).update(input).digest()
      const told = await refused(signV2(shop, DETAILS, { now, alg, sign }))
      assert.equal(told['reason'], 'ALGORITHM_NOT_ALLOWED')
      assert.deepEqual(told['allowed'], ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])
    }
  }
})

test('does not take one padding or hash for another', async () => {
  for (const [alg, other] of [
    ['RS256', 'PS256'],
    ['PS256', 'RS256'],
    ['RS512', 'RS256'],
  ] as const) {
    const told = await refused(signV2(shop, DETAILS, { now, alg, sign: rsaSignature(other) }))
    assert.equal(told['reason'], 'WRONG_SIGNATURE')
  }
})

test('believes no x5c beside a kid', async () => {
  const header = { x5c: ['MIIB'], kid: 'nobody' }
  assert.equal((await refused(signV2(shop, DETAILS, { now, header })))['reason'], 'UNKNOWN_KEY_ID')
})

test('takes no HTTP Signature from a certificate', async () => {
  const signer = { ...shop, secret: shop.fingerprint }
  const told = await refused(signByHttpSignature(signer, DETAILS, { now }))
  assert.deepEqual(
    [told['reason'], told['keyId'], told['kind']],
    ['NOT_FOR_THIS_CREDENTIAL', shop.keyId, 'certificate'],
  )
})

test('refuses a certificate from the second in which it expires', async () => {
  const notAfter = new Date((clock.seconds() + 60) * 1000)
  const expiring = await addCertified(harness, { merchantId: 'expiring', keyId: '7', notAfter })
  readErrorOf('TOKEN_NOT_FOUND', await send(signV2(expiring, DETAILS, { now })))
  clock.advance(59)
  readErrorOf('TOKEN_NOT_FOUND', await send(signV2(expiring, DETAILS, { now: clock.now() })))
  clock.advance(1)
  const told = await refused(signV2(expiring, DETAILS, { now: clock.now() }))
  assert.deepEqual(
    [told['reason'], told['expiredAt']],
    ['CERTIFICATE_EXPIRED', notAfter.toISOString()],
  )
})

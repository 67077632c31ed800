import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import type { LightMyRequestResponse } from 'fastify'

import { MLE_REFUSALS, type MleRefusalReason } from '../../src/http/mle-refusals.ts'
import { readErrorOf } from '../error-reply.ts'
import { createToken, jtiOf, openSession } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { addCertified, certify, signV1, signV2 } from '../merchant/certified.ts'
import { SCHEMES, signByJwt, type Signer } from '../signed-request.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'
import { decryptReply, encryptRequest, envelope, SESSION_BODY } from './mle.ts'

const KID = '2600000000000000000001'
const SESSIONS = '/flex/v2/sessions'

interface Started extends Harness {
  readonly clock: TestClock
  /** Where the details of a captured card are. */
  readonly details: string
  get(target: string, kid?: unknown, signer?: Signer): Promise<LightMyRequestResponse>
}

interface Registered {
  readonly keyId?: string
  readonly merchantId?: string
  readonly notAfter?: Date
}

/** Registers a certificate to which replies are encrypted; its private key is that of {@link decryptReply}. */
async function register(
  { administration }: Pick<Harness, 'administration'>,
  {
    keyId = KID,
    merchantId = MERCHANT.merchantId,
    notAfter = new Date('2099-01-01'),
  }: Registered = {},
): Promise<void> {
  const { pem: certificate } = certify({ keyId, merchantId, notAfter })
  const material = { kind: 'mle-certificate', certificate } as const
  assert.equal(await administration.addCredential({ keyId, merchantId, material }), true)
}

async function start(t: TestContext): Promise<Started> {
  const clock = createTestClock()
  const harness = await startHarness({ now: clock.now })
  t.after(() => harness.close())
  await register(harness)
  const session = await openSession(harness, { now: clock.now() })
  const details = `/flex/v2/payment-details/${jtiOf(await createToken(harness, session))}`
  const get: Started['get'] = (target, kid = KID, signer = MERCHANT) => {
    const claims = { 'v-c-response-mle-kid': kid }
    const signed = signByJwt(signer, { method: 'GET', target }, { claims, now: clock.now() })
    return harness.service.app.inject(signed)
  }
  return { ...harness, clock, details, get }
}

for (const claim of ['v-c-response-mle-kid', 'v-c-api-response-mle-kid']) {
  test(`payment details are encrypted to the key that the claim ${claim} names`, async (t) => {
    const { service, clock, details } = await start(t)
    const signed = (claims: Readonly<Record<string, unknown>>) =>
      signByJwt(MERCHANT, { method: 'GET', target: details }, { claims, now: clock.now() })
    const plain = await service.app.inject(signed({}))
    const reply = await service.app.inject(signed({ [claim]: KID }))
    assert.equal(reply.statusCode, 200)
    assert.match(reply.headers['content-type'] ?? '', /^application\/json/)
    const { header, body } = await decryptReply(reply)
    const iat = Math.floor(clock.now().getTime() / 1000)
    assert.deepEqual(header, { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: KID, iat })
    assert.equal(body, plain.body)
    assert.ok(body.includes('XXXXXXXXXXXX1111') && !reply.body.includes('1111"'))
  })
}

test('a capture context stays plain: clients take a JWT only as it is', async (t) => {
  const { service, clock } = await start(t)
  const claims = { 'v-c-response-mle-kid': KID }
  for (const body of [
    SESSION_BODY,
    envelope(encryptRequest(SESSION_BODY, { iat: iatOf(clock) })),
  ]) {
    const signed = signByJwt(MERCHANT, { target: SESSIONS, body }, { claims, now: clock.now() })
    const reply = await service.app.inject(signed)
    assert.equal(reply.statusCode, 201)
    assert.equal(reply.body.split('.').length, 3)
  }
})

function iatOf(clock: TestClock): number {
  return Math.floor(clock.now().getTime() / 1000)
}

test('an error after authentication is encrypted too, with its status, and logged in clear', async (t) => {
  const { get, lines, service, clock } = await start(t)
  const missing = await get('/flex/v2/payment-details/nothing')
  assert.equal(missing.statusCode, 404)
  const { body } = await decryptReply(missing)
  readErrorOf('TOKEN_NOT_FOUND', { ...missing, headers: missing.headers, statusCode: 404, body })
  assert.ok(lines.some((line) => line.includes('TOKEN_NOT_FOUND')))
  const claims = { 'v-c-response-mle-kid': KID }
  const asked = { target: SESSIONS, body: envelope('nonsense') }
  const reply = await service.app.inject(signByJwt(MERCHANT, asked, { claims, now: clock.now() }))
  const refused = await decryptReply(reply)
  readErrorOf('MLE_REQUEST_REFUSED', {
    ...reply,
    headers: reply.headers,
    statusCode: 400,
    ...refused,
  })
})

test('who is not authenticated is answered in clear', async (t) => {
  const { get, details } = await start(t)
  const reply = await get(details, KID, { ...MERCHANT, secret: 'd3Jvbmc=' })
  readErrorOf('AUTHENTICATION_FAILED', reply)
})

/** Asserts that a reply says in clear why it is not encrypted. */
function refusedFor(reason: MleRefusalReason, reply: LightMyRequestResponse): unknown {
  const { details, coatcheck = {} } = readErrorOf('MLE_RESPONSE_REFUSED', reply)
  assert.deepEqual(details, [{ location: 'v-c-response-mle-kid', message: MLE_REFUSALS[reason] }])
  assert.equal(coatcheck['reason'], reason)
  return coatcheck['received']
}

test('a kid that names no certificate of the merchant is refused, and shown in dev mode', async (t) => {
  const started = await start(t)
  const { get, details } = started
  assert.equal(refusedFor('MLE_NO_RESPONSE_KEY', await get(details, '1')), '1')
  for (const kid of ['', 'no kid', 5, null, ['1'], {}, 'x'.repeat(1000)]) {
    assert.equal(refusedFor('MLE_NO_RESPONSE_KEY', await get(details, kid)), '(unreadable)')
  }
  // A secret encrypts nothing.
  refusedFor('MLE_NO_RESPONSE_KEY', await get(details, MERCHANT.keyId))
  const other = await started.addMerchant()
  await register(started, { keyId: 'of-other', merchantId: other.merchantId })
  assert.equal(refusedFor('MLE_NO_RESPONSE_KEY', await get(details, 'of-other')), 'of-other')
  refusedFor('MLE_NO_RESPONSE_KEY', await get(details, KID, other))
})

test('a session is not opened when its reply could not be encrypted as asked', async (t) => {
  const { service, clock } = await start(t)
  const claims = { 'v-c-response-mle-kid': 'unknown' }
  const asked = { target: SESSIONS, body: SESSION_BODY }
  const signed = signByJwt(MERCHANT, asked, { claims, now: clock.now() })
  refusedFor('MLE_NO_RESPONSE_KEY', await service.app.inject(signed))
})

test('a certificate that was revoked or has expired is refused', async (t) => {
  const started = await start(t)
  const { administration, clock, details, get } = started
  const notAfter = new Date(clock.now().getTime() + 60_000)
  await register(started, { keyId: 'short', notAfter })
  assert.equal((await get(details, 'short')).statusCode, 200)
  clock.advance(61)
  refusedFor('MLE_RESPONSE_KEY_EXPIRED', await get(details, 'short'))
  assert.equal((await get(details)).statusCode, 200)
  await administration.revokeCredential(KID)
  clock.advance(10)
  refusedFor('MLE_RESPONSE_KEY_REVOKED', await get(details))
})

test('the certificate that a merchant signs with will do for its replies, in both versions of JWT', async (t) => {
  const { administration, service, clock } = await start(t)
  const certified = await addCertified({ administration }, { jwtV1: true })
  const claims = { 'v-c-response-mle-kid': certified.keyId }
  const request = { method: 'GET', target: '/flex/v2/payment-details/nothing' } as const
  for (const sign of [signV1, signV2]) {
    const signed = sign(certified, request, { now: clock.now(), claims })
    const reply = await service.app.inject(signed)
    assert.equal(reply.statusCode, 404)
    assert.match((await decryptReply(reply)).body, /No such transient token/)
  }
})

test('a meta key may have replies encrypted to its own certificate', async (t) => {
  const { administration, service, clock } = await start(t)
  const portfolio = await addCertified({ administration }, { covers: [MERCHANT.merchantId] })
  const claims = { 'v-c-response-mle-kid': portfolio.keyId, 'v-c-merchant-id': MERCHANT.merchantId }
  const request = { method: 'GET', target: '/flex/v2/payment-details/nothing' } as const
  const signed = signV2(portfolio, request, { now: clock.now(), claims })
  assert.match((await decryptReply(await service.app.inject(signed))).body, /No such transient/)
})

for (const [scheme, sign] of Object.entries(SCHEMES)) {
  test(`nobody signs with a certificate for replies, by ${scheme}`, async (t) => {
    const { service, clock } = await start(t)
    const signer = { ...MERCHANT, keyId: KID }
    const reply = await service.app.inject(
      sign(signer, { target: SESSIONS, body: SESSION_BODY }, { now: clock.now() }),
    )
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
    assert.equal(coatcheck?.['reason'], 'NOT_FOR_THIS_CREDENTIAL')
  })
}

test('nobody signs with its private key either, nor by showing it', async (t) => {
  const { service, clock } = await start(t)
  const certified = certify({ merchantId: MERCHANT.merchantId, keyId: KID })
  for (const [sign, reason] of [
    [signV2, 'NOT_FOR_THIS_CREDENTIAL'],
    [signV1, 'UNKNOWN_CERTIFICATE'],
  ] as const) {
    const signed = sign(certified, { target: SESSIONS, body: SESSION_BODY }, { now: clock.now() })
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', await service.app.inject(signed))
    assert.equal(coatcheck?.['reason'], reason)
  }
})

test('to an HTTP Signature the claim means nothing', async (t) => {
  const { service, clock, details } = await start(t)
  const request = { method: 'GET', target: details } as const
  const signed = SCHEMES.http_signature(MERCHANT, request, {
    now: clock.now(),
    sent: { 'v-c-response-mle-kid': KID },
  })
  assert.match((await service.app.inject(signed)).body, /XXXXXXXXXXXX1111/)
})

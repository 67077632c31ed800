import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'

import fc from 'fast-check'

import { systemRandom } from '../../src/clock-and-random.ts'
import { createJti } from '../../src/protocol/jti.ts'
import { readErrorOf } from '../error-reply.ts'
import { createToken, jtiOf, openSession, PAN, stockPool } from '../flow.ts'
import { MERCHANT, startHarness, type AddedMerchant, type Harness } from '../harness.ts'
import { addCertified, signV1 } from '../merchant/certified.ts'
import {
  ENTITLED,
  makeCard,
  makeCertificate,
  readRelease,
  RELEASE_CERTIFICATE,
  RELEASE_KID,
  releasePath,
  requestRelease,
} from '../releases.ts'
import { signByHttpSignature, signByJwt, type Signer } from '../signed-request.ts'

let harness: Harness
before(async () => {
  harness = await startHarness()
  await stockPool(harness, 'pool-key', { count: 200 })
})
after(() => harness.close())

test('a release is a JWE to the certificate of the merchant, with a JWT that the service signed', async () => {
  const jti = await makeCard(harness)
  const reply = await requestRelease(harness, jti)
  assert.equal(reply.headers['content-type'], 'application/jwt;charset=UTF-8')
  assert.equal(reply.headers['cache-control'], 'no-store')
  const { header, claims, card } = await readRelease(reply)
  const { iat, ...others } = header
  assert.deepEqual(others, { alg: 'RSA-OAEP-256', enc: 'A256GCM', cty: 'JWT', kid: RELEASE_KID })
  assert.equal(iat, claims['iat'])
  assert.deepEqual([claims['iss'], claims['jti']], ['Flex/08', jti])
  assert.deepEqual(card, {
    number: PAN,
    expirationMonth: '12',
    expirationYear: '2031',
    type: '001',
    securityCode: '737',
  })
})

test('a card is released without what was not captured, and without the order', async () => {
  const fields = {
    paymentInformation: { card: { number: {} } },
    orderInformation: { billTo: { lastName: {} } },
  }
  const data = {
    paymentInformation: { card: { number: PAN } },
    orderInformation: { billTo: { lastName: 'Solo' } },
  }
  const session = await openSession(harness, { fields })
  const jti = jtiOf(await createToken(harness, session, data))
  const { claims } = await readRelease(await requestRelease(harness, jti))
  assert.deepEqual(claims['content'], { paymentInformation: { card: { number: PAN } } })
})

test('every release is in the log, with the head of its chain and no whole token', async () => {
  const jti = await makeCard(harness)
  const logged = harness.lines.length
  const reply = await requestRelease(harness, jti)
  const lines = harness.lines.slice(logged)
  const [line = '', ...others] = lines.filter((each) => each.includes('card.released'))
  assert.equal(others.length, 0)
  const { audit } = JSON.parse(line) as { readonly audit: Readonly<Record<string, unknown>> }
  assert.equal(audit['merchantId'], MERCHANT.merchantId)
  assert.equal(audit['kid'], RELEASE_KID)
  assert.equal(audit['securityCode'], true)
  assert.equal(audit['correlationId'], reply.headers['v-c-correlation-id'])
  assert.match(String(audit['head']), /^[0-9a-f-]{36}:[1-9]\d*:[0-9a-f]{64}$/)
  assert.ok(!lines.join('').includes(jti.slice(0, 40)))
})

test('an HTTP Signature and a JWT of version 1 are told that they are not enough, and release nothing', async () => {
  const shop = await addCertified(harness, { jwtV1: true })
  await harness.administration.update(shop.merchantId, (merchant) => ({ ...merchant, ...ENTITLED }))
  const jti = await makeCard(harness)
  const request = { method: 'GET', target: releasePath(jti) } as const
  for (const signed of [signByHttpSignature(MERCHANT, request), signV1(shop, request)]) {
    readErrorOf('JWT_V2_REQUIRED', await harness.service.app.inject(signed))
  }
  const { card } = await readRelease(await requestRelease(harness, jti))
  assert.equal(card['securityCode'], '737', 'it has not gone out before')
})

test('a HEAD, whose answer has no body, releases nothing', async () => {
  const jti = await makeCard(harness)
  const signed = signByJwt(
    MERCHANT,
    { method: 'GET', target: releasePath(jti) },
    { claims: { 'request-method': 'head' } },
  )
  const reply = await harness.service.app.inject({ ...signed, method: 'HEAD' })
  assert.deepEqual([reply.statusCode, reply.headers['allow']], [405, 'GET'])
  assert.equal((await readRelease(await requestRelease(harness, jti))).card['securityCode'], '737')
})

test('an unknown, a cut, and another merchant’s token get the same reply', async () => {
  const other = await harness.addMerchant(ENTITLED)
  const jti = await makeCard(harness, { signer: other })
  const soon = Math.floor(Date.now() / 1000) + 900
  const unknown = createJti(systemRandom.bytes(32), 'E', soon)
  const bodies = new Set<string>()
  for (const reference of [jti, unknown, jti.slice(1), 'x', '..%2Fsessions']) {
    const { message, details } = readErrorOf(
      'TOKEN_NOT_FOUND',
      await requestRelease(harness, reference),
    )
    bodies.add(JSON.stringify([message, details]))
  }
  assert.equal(bodies.size, 1)
  const { card } = await readRelease(await requestRelease(harness, jti, { signer: other }))
  assert.equal(card['securityCode'], '737', 'the attempt of the other took nothing')
})

const EXPIRED = makeCertificate([-9, -1]).certificate

const REFUSED: readonly (readonly [string, AddedMerchant, string])[] = [
  ['is not entitled', { ...ENTITLED, entitled: false }, 'NOT_ENTITLED'],
  ['was never said to be entitled', { releaseCertificate: RELEASE_CERTIFICATE }, 'NOT_ENTITLED'],
  ['has no certificate', { entitled: true }, 'NO_RELEASE_CERTIFICATE'],
  [
    'has a certificate that has expired',
    { entitled: true, releaseCertificate: EXPIRED },
    'RELEASE_CERTIFICATE_NOT_VALID',
  ],
  [
    'has a certificate of the future',
    { entitled: true, releaseCertificate: makeCertificate([1, 9]).certificate },
    'RELEASE_CERTIFICATE_NOT_VALID',
  ],
]

for (const [what, settings, reason] of REFUSED) {
  test(`a merchant that ${what} gets no card, and is told why in dev mode`, async () => {
    const signer = await harness.addMerchant(settings)
    const jti = await makeCard(harness, { signer })
    const { coatcheck } = readErrorOf(
      'RELEASE_NOT_ALLOWED',
      await requestRelease(harness, jti, { signer }),
    )
    assert.equal(coatcheck?.['reason'], reason)
  })
}

test('a certificate without a serial number in its subject is named by its own', async () => {
  const signer = await harness.addMerchant({
    entitled: true,
    releaseCertificate: makeCertificate().certificate,
  })
  const reply = await requestRelease(harness, await makeCard(harness, { signer }), { signer })
  assert.equal(reply.statusCode, 200)
  const header = Buffer.from(reply.body.split('.')[0] ?? '', 'base64url').toString()
  assert.match(header, /"kid":"[0-9A-F]+"/)
})

test('no merchant without entitlement and a certificate ever gets a card, whatever else it is', async () => {
  const jti = await makeCard(harness)
  const settings = fc.record({
    entitled: fc.constantFrom(undefined, false, true),
    releaseCertificate: fc.constantFrom(undefined, RELEASE_CERTIFICATE, EXPIRED),

    jwtV1: fc.constantFrom(undefined, true),
    tokenSeconds: fc.constantFrom(undefined, 900),
  })
  const sign = fc.constantFrom(signByJwt, signByHttpSignature)
  const own = fc.boolean()
  await fc.assert(
    fc.asyncProperty(settings, sign, own, async (chosen, signWith, isOwn) => {
      const signer: Signer = await harness.addMerchant({ ...chosen, sessionKeys: 'one-time' })
      const mine = isOwn ? await makeCard(harness, { signer }) : jti
      const request = { method: 'GET', target: releasePath(mine) } as const
      const { statusCode } = await harness.service.app.inject(signWith(signer, request))
      const isEntitled =
        chosen.entitled === true && chosen.releaseCertificate === RELEASE_CERTIFICATE
      const may = isEntitled && isOwn && signWith === signByJwt
      assert.equal(statusCode === 200, may)
    }),
    { numRuns: 60 },
  )
})

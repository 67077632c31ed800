import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import { readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS, stockPool } from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { sha256, type JwtChanges, type Unsigned } from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'
import {
  addCertified,
  certify,
  derOf,
  FOREIGN_KEY,
  rsaSignature,
  signV1,
  type Certified,
} from './certified.ts'

const BODY = JSON.stringify({ fields: CARD_FIELDS })
const SESSIONS = { target: '/flex/v2/sessions', body: BODY }
const DETAILS = { method: 'GET', target: '/flex/v2/payment-details/x' } as const
// At two minutes past two in the morning: an hour of one digit.
const clock = createTestClock()
clock.advance(4 * 3600)
const now = clock.now()
const unpadded = now.toUTCString().replace(/ 0(?=\d:)/, ' ')

let harness: Harness
let shop: Certified

before(async () => {
  harness = await startHarness({ now: clock.now })
  await stockPool(harness, 'pool-key', { count: 30, now })
  shop = await addCertified(harness, { jwtV1: true })
})
after(() => harness.close())

async function send(
  changes: JwtChanges = {},
  request: Unsigned = SESSIONS,
  signer = shop,
): Promise<LightMyRequestResponse> {
  return harness.service.app.inject(signV1(signer, request, { now, ...changes }))
}

async function refused(...words: Parameters<typeof send>): Promise<Record<string, unknown>> {
  const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', await send(...words))
  return { ...coatcheck }
}

const ACCEPTED: Readonly<Record<string, () => JwtChanges>> = {
  'what the Node client sends': () => ({}),
  'what the PHP client sends: an empty kid, line breaks in x5c, an hour of one digit': () => {
    const x5c = derOf(shop.pem).replaceAll(/.{64}/g, '$&\n')
    assert.match(unpadded, / \d:/)
    return { header: { kid: '', x5c: [x5c] }, claims: { iat: unpadded } }
  },
  'a certificate with line breaks of Windows and spaces': () => ({
    header: { x5c: [derOf(shop.pem).replaceAll(/.{64}/g, '$&\r\n ')] },
  }),
  'further certificates, whatever they are': () => ({
    header: { x5c: [derOf(shop.pem), 'not one'] },
  }),
  'the time as a number': () => ({ claims: { iat: clock.seconds() } }),
  'the time as a number in text': () => ({ claims: { iat: String(clock.seconds()) } }),
  'a clock 5 minutes behind': () => ({ claims: { iat: clock.seconds() - 300 } }),
  'a clock 5 minutes ahead': () => ({ claims: { iat: clock.seconds() + 300 } }),
  'a digest with its prefix, and no algorithm named': () => ({
    claims: { digest: `SHA-256=${sha256(BODY)}`, digestAlgorithm: undefined },
  }),
  'the other spelling of the digest algorithm': () => ({
    claims: { digestAlgorithm: undefined, 'digest-algorithm': 'SHA-256' },
  }),
}

for (const [what, changes] of Object.entries(ACCEPTED)) {
  test(`accepts in version 1 ${what}`, async () => {
    const reply = await send(changes())
    assert.equal(reply.statusCode, 201, reply.body)
  })
}

test('needs no digest where there is no body', async () => {
  readErrorOf('TOKEN_NOT_FOUND', await send({}, DETAILS))
  readErrorOf('TOKEN_NOT_FOUND', await send({ claims: { digest: sha256('') } }, DETAILS))
})

test('cannot tell a replay: version 1 has no id', async () => {
  const signed = signV1(shop, SESSIONS, { now })
  for (const _ of [1, 2]) assert.equal((await harness.service.app.inject(signed)).statusCode, 201)
})

const seconds = clock.seconds()
const REFUSED: readonly (readonly [string, string, JwtChanges])[] = [
  ['TOKEN_CLAIM_MISSING', 'no digest beside a body', { claims: { digest: undefined } }],
  ['DIGEST_OF_ANOTHER_BODY', 'the digest of another body', { claims: { digest: sha256('x') } }],
  ['TOKEN_CLAIM_MISSING', 'no time', { claims: { iat: undefined } }],
  ['TOKEN_CLAIM_MISSING', 'a time in another form', { claims: { iat: '2026-11-22T09:05:00Z' } }],
  ['TOKEN_CLAIM_MISSING', 'a time that is no text', { claims: { iat: [seconds] } }],
  ['CLOCK_DIFFERS', 'a clock 301 seconds behind', { claims: { iat: seconds - 301 } }],
  ['CLOCK_DIFFERS', 'a clock 301 seconds ahead', { claims: { iat: String(seconds + 301) } }],
  [
    'TOKEN_CLAIM_MISSING',
    'no merchant in the header',
    { header: { 'v-c-merchant-id': undefined } },
  ],
  [
    'OTHER_MERCHANT',
    'another merchant in the header',
    { header: { 'v-c-merchant-id': 'testmid' } },
  ],
  ['TOKEN_WITHOUT_KEY_ID', 'neither kid nor x5c', { header: { x5c: undefined } }],
  ['TOKEN_WITHOUT_KEY_ID', 'an empty x5c', { header: { x5c: [] } }],
  ['TOKEN_WITHOUT_KEY_ID', 'an x5c that is no list', { header: { x5c: 'MIIB' } }],
  ['TOKEN_WITHOUT_KEY_ID', 'an x5c of numbers', { header: { x5c: [1] } }],
  ['CERTIFICATE_UNREADABLE', 'an x5c that is not base64', { header: { x5c: ['*'] } }],
  ['CERTIFICATE_UNREADABLE', 'an x5c of other bytes', { header: { x5c: ['MIIB'] } }],
  ['CERTIFICATE_UNREADABLE', 'an empty certificate', { header: { x5c: [''] } }],
  ['ALGORITHM_NOT_ALLOWED', 'an HMAC', { header: { alg: 'HS256' }, sign: () => Buffer.alloc(32) }],
  ['WRONG_SIGNATURE', 'another key', { sign: rsaSignature('RS256', FOREIGN_KEY) }],
]

for (const [reason, what, changes] of REFUSED) {
  test(`refuses in version 1 ${what}: ${reason}`, async () => {
    assert.equal((await refused(changes))['reason'], reason)
  })
}

test('names every claim of version 1 that is missing', async () => {
  const changes = {
    header: { 'v-c-merchant-id': undefined },
    claims: { iat: 'now', digest: undefined },
  }
  const { claims } = await refused(changes)
  assert.deepEqual(claims, ['iat', 'v-c-merchant-id (in the header)', 'digest'])
})

test('builds no chain: a certificate of the same key and name is not the registered one', async () => {
  const told = await refused({}, SESSIONS, certify())
  assert.equal(told['reason'], 'UNKNOWN_CERTIFICATE')
  const chained = { header: { x5c: [derOf(certify().pem), derOf(shop.pem)] } }
  assert.equal((await refused(chained))['reason'], 'UNKNOWN_CERTIFICATE')
})

const UNREGISTERED: readonly (readonly [
  what: string,
  of: Parameters<typeof certify>[0],
  words: RegExp,
])[] = [
  ['that nobody has registered', {}, /^undefined$/],
  ['of another merchant', { merchantId: 'rival' }, /certificate of another merchant/],
  ['that has expired', { notAfter: new Date('2021-01-01') }, /has expired: make a new one/],
  ['without a serial number', { keyId: '' }, /no serialNumber, and cannot be registered/],
]

for (const [what, of, words] of UNREGISTERED) {
  test(`says of a certificate ${what} what is wrong with it`, async () => {
    const { pem } = certify(of)
    const { reason, mistake } = await refused({}, SESSIONS, { ...shop, pem })
    assert.equal(reason, 'UNKNOWN_CERTIFICATE')
    assert.match(String(mistake), words)
  })
}

test('takes version 1 from no credential but one that may', async () => {
  const strict = await addCertified(harness, { merchantId: 'strict', keyId: '5' })
  const told = await refused({}, SESSIONS, strict)
  assert.deepEqual([told['reason'], told['keyId']], ['JWT_V1_NOT_ALLOWED', '5'])
})

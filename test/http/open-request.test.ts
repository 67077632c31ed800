import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'

import * as fc from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import { CompactEncrypt } from 'jose'

import { MLE_REFUSALS, type MleRefusalReason } from '../../src/http/mle-refusals.ts'
import { readError, readErrorOf, type ErrorReply } from '../error-reply.ts'
import { BUNDLED_KEYS, readPart, stockPool } from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { anyJson } from '../protocol/arbitraries.ts'
import { signByHttpSignature, signByJwt, type JwtChanges, type Signer } from '../signed-request.ts'
import {
  encryptRequest,
  envelope,
  MLE_KEY,
  MLE_KID,
  SESSION_BODY,
  type EnvelopeChanges,
} from './mle.ts'

const SESSIONS = '/flex/v2/sessions'

let harness: Harness
let signer: Signer
before(async () => {
  harness = await startHarness()
  await stockPool(harness, 'rotated-pool-key', { count: 8 })
  signer = await harness.addMerchant({ sessionKeys: 'rotated' })
})
after(() => harness.close())

function send(body: string, changes?: JwtChanges): Promise<LightMyRequestResponse> {
  return harness.service.app.inject(signByJwt(signer, { target: SESSIONS, body }, changes))
}

test('opens the session that is asked for in the envelope', async () => {
  const reply = await send(envelope())
  assert.equal(reply.statusCode, 201, reply.body)
  assert.match(reply.headers['content-type'] ?? '', /^application\/jwt/)
  const [context] = readPart(reply.body, 1)['ctx'] as [{ readonly data: Record<string, string[]> }]
  assert.deepEqual(context.data['requiredFields'], ['paymentInformation.card.number'])
})

test('decrypts what jose encrypts', async () => {
  const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: MLE_KID, iat: Date.now() / 1000 }
  const encrypting = new CompactEncrypt(Buffer.from(SESSION_BODY)).setProtectedHeader(header)
  assert.equal((await send(envelope(await encrypting.encrypt(MLE_KEY)))).statusCode, 201)
})

test('an envelope is one however it is spaced, and not when it is one among the fields', async () => {
  const spaced = `\n{ \t"encryptedRequest" : ${JSON.stringify(encryptRequest(SESSION_BODY))}\n}\n`
  assert.equal((await send(spaced)).statusCode, 201)
  const field = await send(JSON.stringify({ fields: { encryptedRequest: {} } }))
  readErrorOf('VALIDATION_FAILED', field)
})

test('the plaintext is judged as if it had come plain', async () => {
  const unknown = await send(envelope(encryptRequest('{"fields":{"nothing":{}}}')))
  assert.deepEqual(readErrorOf('VALIDATION_FAILED', unknown).details[0]?.location, 'fields.nothing')
  readErrorOf('BODY_NOT_JSON', await send(envelope(encryptRequest('no JSON'))))
  // Nobody decrypts twice.
  readErrorOf('VALIDATION_FAILED', await send(envelope(encryptRequest(envelope()))))
})

test('the digest is over the envelope, and is checked before anything is decrypted', async () => {
  const { payload: _payload, ...signed } = signByJwt(signer, {
    target: SESSIONS,
    body: SESSION_BODY,
  })
  const changed = await harness.service.app.inject({ ...signed, payload: envelope() })
  const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', changed)
  assert.equal(coatcheck?.['reason'], 'DIGEST_OF_ANOTHER_BODY')
})

/** Asserts that an envelope is refused for a reason, which is told to everybody, and returns what dev mode adds. */
function refusedFor(
  reason: MleRefusalReason,
  reply: LightMyRequestResponse,
): NonNullable<ErrorReply['coatcheck']> {
  const { details, coatcheck = {} } = readErrorOf('MLE_REQUEST_REFUSED', reply)
  assert.deepEqual(details, [{ location: 'encryptedRequest', message: MLE_REFUSALS[reason] }])
  assert.equal(coatcheck['reason'], reason)
  return coatcheck
}

test('an envelope goes with a JWT only', async () => {
  const signed = signByHttpSignature(signer, { target: SESSIONS, body: envelope() })
  refusedFor('MLE_WITHOUT_JWT', await harness.service.app.inject(signed))
})

test('who is not authenticated is told nothing of the envelope', async () => {
  const reply = await send(envelope('nonsense'), { key: 'wrong' })
  assert.equal(readErrorOf('AUTHENTICATION_FAILED', reply).message, 'Authentication Failed')
})

test('the envelope has one member, which is text', async () => {
  const encryptedRequest = encryptRequest(SESSION_BODY)
  for (const body of [
    JSON.stringify({ encryptedRequest, fields: {} }),
    ...[undefined, null, 1, {}, [encryptedRequest]].map((value) =>
      JSON.stringify({ encryptedRequest: value ?? null }),
    ),
  ]) {
    refusedFor('MLE_NOT_ALONE', await send(body))
  }
})

test('the refusal of an unknown key says which keys there are, and which was named', async () => {
  for (const [kid, received] of [
    ['17000001', '17000001'],
    ['no kid of ours', '(unreadable)'],
  ]) {
    const reply = await send(envelope(encryptRequest(SESSION_BODY, { header: { kid } })))
    const coatcheck = refusedFor('MLE_UNKNOWN_KEY', reply)
    assert.deepEqual([coatcheck['expected'], coatcheck['received']], [[MLE_KID], received])
  }
})

const HEADERS: readonly (readonly [string, MleRefusalReason, EnvelopeChanges])[] = [
  ['another alg', 'MLE_OTHER_ALGORITHM', { header: { alg: 'RSA-OAEP' }, alg: 'RSA-OAEP' }],
  ['another enc', 'MLE_OTHER_ALGORITHM', { header: { enc: 'A128GCM' } }],
  ['a compressed plaintext', 'MLE_OTHER_ALGORITHM', { header: { zip: 'DEF' } }],
  ['critical extensions', 'MLE_OTHER_ALGORITHM', { header: { crit: ['iat'] } }],
  ['no kid', 'MLE_NOT_A_JWE', { header: { kid: undefined } }],
  ['no iat', 'MLE_TIME', { iat: null }],
  ['an iat of text', 'MLE_TIME', { iat: String(Math.floor(Date.now() / 1000)) }],
  ['an iat of long ago', 'MLE_TIME', { iat: Math.floor(Date.now() / 1000) - 400 }],
  ['an iat of later', 'MLE_TIME', { iat: Math.floor(Date.now() / 1000) + 400 }],
  ['an iat in milliseconds', 'MLE_TIME', { iat: Date.now() }],
]

for (const [what, reason, changes] of HEADERS) {
  test(`refuses a JWE with ${what}`, async () => {
    refusedFor(reason, await send(envelope(encryptRequest(SESSION_BODY, changes))))
  })
}

test('says in words how far iat is from the clock', async () => {
  const iat = Math.floor(Date.now() / 1000) - 3600
  const reply = await send(envelope(encryptRequest(SESSION_BODY, { iat })))
  assert.match(String(refusedFor('MLE_TIME', reply)['clockDifference']), /1 hour|60 minutes/)
})

function withoutId({ body }: LightMyRequestResponse): string {
  return body.replaceAll(/"correlationId":"[^"]*"/g, '')
}

test('whatever goes wrong in decrypting has one answer', async () => {
  const [, , other] = BUNDLED_KEYS
  assert.ok(other)
  const genuine = encryptRequest(SESSION_BODY).split('.')
  const flip = (index: number): string => {
    const part = Buffer.from(genuine[index] ?? '', 'base64url')
    part[5] = (part[5] ?? 0) ^ 1
    return genuine.with(index, part.toString('base64url')).join('.')
  }
  const replies = [
    encryptRequest(SESSION_BODY, { encryptTo: other }),
    encryptRequest(SESSION_BODY, { contentKey: (key) => key.subarray(0, 16) }),
    encryptRequest(SESSION_BODY, { contentKey: (key) => Buffer.concat([key, key]) }),
    encryptRequest(SESSION_BODY, { contentKey: (key) => Buffer.from(key).fill(0) }),
    ...[1, 2, 3, 4].map(flip),
    genuine.with(1, Buffer.alloc(256).toString('base64url')).join('.'),
    genuine.with(1, Buffer.alloc(256, 0xff).toString('base64url')).join('.'),
  ].map((compact) => send(envelope(compact)))
  const answered = await Promise.all(replies)
  for (const reply of answered) refusedFor('MLE_NOT_DECRYPTED', reply)
  assert.equal(new Set(answered.map(withoutId)).size, 1)
})

const character = fc.constantFrom(...'ABCxyz019-_.=+/ \u0000é"{')

test('answers whatever becomes of an envelope on its way, and opens only the genuine one', async () => {
  const genuine = encryptRequest(SESSION_BODY)
  const at = fc.nat({ max: genuine.length - 1 })
  const mutated = fc.oneof(
    fc
      .tuple(at, character)
      .map(([index, by]) => genuine.slice(0, index) + by + genuine.slice(index + 1)),
    fc.tuple(at, at).map(([from, to]) => genuine.slice(from, to)),
    fc.shuffledSubarray(genuine.split('.')).map((parts) => parts.join('.')),
    fc
      .tuple(at, fc.string())
      .map(([index, text]) => genuine.slice(0, index) + text + genuine.slice(index)),
    fc.string({ unit: 'binary' }),
  )
  await fc.assert(
    fc.asyncProperty(mutated, async (compact) => {
      const reply = await send(envelope(compact))
      if (compact === genuine) assert.equal(reply.statusCode, 201)
      else readErrorOf('MLE_REQUEST_REFUSED', reply)
    }),
    { numRuns: 400 },
  )
})

test('answers whatever stands in the header of the JWE', async () => {
  const member = fc.oneof(
    anyJson.map((text) => parse(text)),
    fc.constantFrom('RSA1_5', 'dir', 'A256GCM', MLE_KID, 1e300, -1),
  )
  const name = fc.constantFrom('alg', 'enc', 'kid', 'iat', 'zip', 'crit', 'cty', 'b64', '__proto__')
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, member), async (header) => {
      const reply = await send(envelope(encryptRequest(SESSION_BODY, { header })))
      assert.ok(reply.statusCode === 201 || reply.statusCode === 400, reply.body)
      if (reply.statusCode === 400) readErrorOf('MLE_REQUEST_REFUSED', reply)
    }),
    { numRuns: 200 },
  )
})

test('answers whatever is inside, as it would answer it plain', async () => {
  await fc.assert(
    fc.asyncProperty(anyJson, async (body) => {
      const [plain, sealed] = [await send(body), await send(envelope(encryptRequest(body)))]
      assert.equal(sealed.statusCode, plain.statusCode)
      if (plain.statusCode !== 201) assert.equal(readError(sealed).reason, readError(plain).reason)
    }),
    { numRuns: 100 },
  )
})

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

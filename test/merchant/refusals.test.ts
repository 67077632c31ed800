import { strict as assert } from 'node:assert'
import { createHmac, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'

import type { CredentialMaterial } from '../../src/merchant/records.ts'
import { REFUSALS, type RefusalReason } from '../../src/merchant/refusals.ts'
import { readError, readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { ask, writeRequest } from '../raw-http.ts'
import {
  signByHttpSignature,
  signByJwt,
  type JwtChanges,
  type SignatureChanges,
  type SignedRequest,
} from '../signed-request.ts'
import { certify, signV1, signV2 } from './certified.ts'

const REQUEST = { target: '/flex/v2/sessions', body: JSON.stringify({ fields: CARD_FIELDS }) }

const byMac = (changes: SignatureChanges): SignedRequest =>
  signByHttpSignature(MERCHANT, REQUEST, changes)
const byJwt = (changes: JwtChanges): SignedRequest => signByJwt(MERCHANT, REQUEST, changes)
const seconds = (): number => Math.floor(Date.now() / 1000)

// Each service gets the same: a certificate that may no more than it must, and credentials that are good no longer.
const SECRET = Buffer.alloc(32, 5)
const strict = certify({ merchantId: 'strict', keyId: '1' })
const expired = certify({ merchantId: 'expired', keyId: '2', notAfter: new Date('2021-01-01') })
const revoked = { merchantId: 'revoked', keyId: '3', secret: SECRET.toString('base64') }
const disabled = { ...revoked, merchantId: 'disabled', keyId: '4' }

async function addSubjects({ administration }: Harness): Promise<void> {
  const secret = (): CredentialMaterial => ({ kind: 'shared-secret', secret: Buffer.from(SECRET) })
  const certificate = (pem: string): CredentialMaterial => ({
    kind: 'certificate',
    certificate: pem,
  })
  const subjects = [
    { ...strict, material: certificate(strict.pem) },
    { ...expired, material: certificate(expired.pem) },
    { ...revoked, material: secret() },
    { ...disabled, material: secret() },
  ]
  const limits = { tokensPerSession: undefined, attemptsPerSession: undefined } as const
  for (const { merchantId: id, keyId, material } of subjects) {
    await administration.add({ id, sessionKeys: 'one-time', ...limits }, { keyId, material })
  }
  await administration.revokeCredential(revoked.keyId)
  await administration.update('disabled', (merchant) => ({ ...merchant, disabledAt: 1 }))
}

/** A request that is refused for each reason, but for those that need several requests or no HTTP client can send. */
const SINGLE: Readonly<Partial<Record<RefusalReason, () => SignedRequest>>> = {
  NO_CREDENTIALS: () => byMac({ sent: { signature: undefined } }),
  SIGNATURE_HEADER_UNREADABLE: () => byMac({ sent: { signature: 'keyid=x' } }),
  UNKNOWN_KEY_ID: () => byMac({ keyId: 'nobody' }),
  ALGORITHM_NOT_ALLOWED: () => byMac({ algorithm: 'HmacSHA1' }),
  NOT_COVERED: () => byMac({ components: ['host', 'date', 'request-target', 'v-c-merchant-id'] }),
  HEADER_MISSING: () => byMac({ sent: { host: 'x', digest: undefined } }),
  DATE_UNREADABLE: () => byMac({ date: new Date().toISOString() }),
  CLOCK_DIFFERS: () => byMac({ now: new Date(Date.now() - 5 * 3600 * 1000) }),
  DIGEST_UNREADABLE: () => byMac({ headers: { digest: 'SHA-512=AAAA' } }),
  DIGEST_OF_ANOTHER_BODY: () => ({ ...byMac({}), payload: `${REQUEST.body} ` }),
  WRONG_SIGNATURE: () => byMac({ key: Buffer.alloc(32) }),
  OTHER_MERCHANT: () => byMac({ headers: { 'v-c-merchant-id': 'somebody-else' } }),
  TOKEN_UNREADABLE: () => ({ ...byJwt({}), headers: { authorization: 'Bearer x' } }),
  TOKEN_WITHOUT_KEY_ID: () => byJwt({ header: { kid: undefined } }),
  TOKEN_CLAIM_MISSING: () => byJwt({ claims: { jti: undefined } }),
  TOKEN_EXPIRED: () => byJwt({ claims: { exp: seconds() - 310 } }),
  TOKEN_LIVES_TOO_LONG: () => byJwt({ claims: { exp: seconds() + 320 } }),
  TOKEN_OF_OTHER_METHOD: () => byJwt({ claims: { 'request-method': 'put' } }),
  CERTIFICATE_UNREADABLE: () => byJwt({ header: { kid: undefined, x5c: ['MIIB'] } }),
  UNKNOWN_CERTIFICATE: () => signV1(certify(), REQUEST),
  JWT_V1_NOT_ALLOWED: () => signV1(strict, REQUEST),
  CERTIFICATE_EXPIRED: () => signV2(expired, REQUEST),
  NOT_FOR_THIS_CREDENTIAL: () => signByHttpSignature({ ...strict, secret: '' }, REQUEST),
  CREDENTIAL_REVOKED: () => signByJwt(revoked, REQUEST),
  MERCHANT_DISABLED: () => signByJwt(disabled, REQUEST),
  TOKEN_OF_OTHER_PATH: () => byJwt({ claims: { 'request-resource-path': '/flex/v2/session' } }),
}

let explaining: Harness
let silent: Harness
let url: string

before(async () => {
  explaining = await startHarness()
  silent = await startHarness({ explain: false })
  for (const each of [explaining, silent]) await addSubjects(each)
  url = await explaining.listen()
})
after(async () => {
  await explaining.close()
  await silent.close()
})

/** The explanation that was logged for a correlation id. */
function loggedReason({ lines }: Harness, correlationId: string): unknown {
  const logged = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .find((line) => line['correlationId'] === correlationId && line['msg'] === 'refused')
  const { reason } = (logged?.['explanation'] ?? {}) as { readonly reason?: unknown }
  return reason
}

for (const [reason, make] of Object.entries(SINGLE)) {
  test(`refuses for ${reason}: named in the log, and in the reply only where that is wanted`, async () => {
    const code = reason === 'NO_CREDENTIALS' ? 'HEADERS_MISSING' : 'AUTHENTICATION_FAILED'
    const told = readErrorOf(code, await explaining.service.app.inject(make()))
    assert.equal(told.coatcheck?.['reason'], reason)
    assert.equal(told.coatcheck?.['message'], REFUSALS[reason as RefusalReason])
    assert.equal(loggedReason(explaining, told.correlationId), reason)

    const reply = await silent.service.app.inject(make())
    const untold = readErrorOf(code, reply)
    assert.deepEqual(reply.json(), { response: { rmsg: untold.message } })
    assert.equal(loggedReason(silent, untold.correlationId), reason)
  })
}

test('refuses for HEADER_REPEATED, whichever signed header it is but Host', async () => {
  for (const name of ['date', 'digest', 'v-c-merchant-id', 'signature']) {
    const signed = byMac({})
    const value = signed.headers[name] ?? ''
    for (const repeated of [name, name.toUpperCase()]) {
      const reply = await ask(url, writeRequest(signed, [[repeated, value]]))
      const { coatcheck, correlationId } = readErrorOf('AUTHENTICATION_FAILED', reply)
      assert.equal(coatcheck?.['reason'], 'HEADER_REPEATED', name)
      assert.deepEqual(coatcheck?.['headers'], [name])
      assert.equal(loggedReason(explaining, correlationId), 'HEADER_REPEATED')
    }
  }
})

test('refuses for TOKEN_REPLAYED at the second use of a jti', async () => {
  const claims = { jti: randomUUID() }
  const first = await explaining.service.app.inject(byJwt({ claims }))
  assert.equal(first.statusCode, 201)
  const reply = await explaining.service.app.inject(byJwt({ claims }))
  const { coatcheck, correlationId } = readErrorOf('AUTHENTICATION_FAILED', reply)
  assert.equal(coatcheck?.['reason'], 'TOKEN_REPLAYED')
  assert.equal(loggedReason(explaining, correlationId), 'TOKEN_REPLAYED')
})

test('refuses for HEADER_MALFORMED a line break, which only a parser that is too kind lets through', async () => {
  // Node refuses CR and LF in a header, and joins folded lines; inject does not.
  const signed = byMac({ headers: { 'v-c-merchant-id': 'testmid\nhost: x' } })
  const reply = await explaining.service.app.inject(signed)
  assert.equal(readError(reply).coatcheck?.['reason'], 'HEADER_MALFORMED')
  for (const lineBreak of ['\n', '\r', '\r\n']) {
    const bytes = writeRequest(byMac({ headers: { 'x-note': `a${lineBreak}b` } }))
    readErrorOf('REQUEST_MALFORMED', await ask(url, bytes))
  }
})

test('has a test for every reason', () => {
  const tested = new Set([
    ...Object.keys(SINGLE),
    'HEADER_REPEATED',
    'HEADER_MALFORMED',
    'TOKEN_REPLAYED',
  ])
  assert.deepEqual([...tested].toSorted(), Object.keys(REFUSALS).toSorted())
})

test('says in public one and the same text for every reason', async () => {
  const bodies = new Set<string>()
  for (const [reason, make] of Object.entries(SINGLE)) {
    if (reason !== 'NO_CREDENTIALS') bodies.add((await silent.service.app.inject(make())).body)
  }
  assert.deepEqual([...bodies], ['{"response":{"rmsg":"Authentication Failed"}}'])
})

test('never logs nor tells the MAC that it expected', async () => {
  const signed = byMac({ key: Buffer.alloc(32) })
  const right = byMac({ headers: { date: signed.headers['date'] } })
  const [, mac = ''] = /signature="([^"]+)"/.exec(right.headers['signature'] ?? '') ?? []
  assert.equal((await explaining.service.app.inject(right)).statusCode, 201)
  const reply = await explaining.service.app.inject(signed)
  const forms = (['base64', 'base64url', 'hex'] as const).map((form) =>
    Buffer.from(mac, 'base64').toString(form),
  )
  for (const form of forms) {
    assert.ok(!reply.body.includes(form) && !explaining.lines.join('').includes(form))
  }
})

test('never logs nor tells a secret, not even one that came as a key id', async () => {
  const swapped = {
    ...MERCHANT,
    keyId: MERCHANT.secret,
    secret: Buffer.from(MERCHANT.keyId).toString('base64'),
  }
  const undecoded = createHmac('sha256', MERCHANT.secret).update('x').digest('base64')
  const replies = [
    await explaining.service.app.inject(signByHttpSignature(swapped, REQUEST)),
    await explaining.service.app.inject(signByJwt(swapped, REQUEST)),
    await explaining.service.app.inject(byMac({ key: MERCHANT.secret })),
    await explaining.service.app.inject(byJwt({ key: MERCHANT.secret })),
  ]
  for (const reply of replies) {
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
    assert.equal(typeof coatcheck?.['mistake'], 'string')
    assert.ok(!reply.body.includes(MERCHANT.secret))
  }
  const logged = explaining.lines.join('')
  assert.ok(!logged.includes(MERCHANT.secret) && !logged.includes(undecoded))
})

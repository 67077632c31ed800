import assert from 'node:assert/strict'
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { json } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { ServiceError } from '../../src/errors.ts'
import { authenticate } from '../../src/merchant/authenticate.ts'
import type { MerchantRequest } from '../../src/merchant/by-http-signature.ts'
import { STRICT } from '../../src/merchant/merchant.ts'
import { sealedWrite } from '../../src/store/sealed-records.ts'
import { startHarness } from '../harness.ts'
import { CAPTURES, send, type Capture } from './capture.ts'

/** The key id and the merchant of every capture; the secret is not known to anybody. */
const KEY_ID = '3f1c2a5e-7f7d-4a55-9d0e-0b1c2d3e4f50'
const MERCHANT_ID = 'testmid'

const SIGNED_BY_SECRET = CAPTURES.filter(({ name }) => !name.includes('jwt_p12'))

/** The request of a capture, with the signature that a client with this secret would have made; nothing else changes. */
function resign(
  { request: { headers, ...rest }, signed }: Capture,
  secret: Buffer,
): MerchantRequest {
  const mac = createHmac('sha256', secret).update(signed).digest()
  const resigned = headers.map(([name, value]) => {
    if (name.toLowerCase() === 'signature') {
      return [
        name,
        value.replace(/signature="[^"]*"/, `signature="${mac.toString('base64')}"`),
      ] as const
    }
    if (name.toLowerCase() !== 'authorization') return [name, value] as const
    return [name, `Bearer ${signed}.${mac.toString('base64url')}`] as const
  })
  return { ...rest, headers: resigned }
}

/** Authenticates a request by a registry that knows the captures' key id with this secret. */
async function authenticateWith(
  secret: Buffer,
  received: MerchantRequest,
  now: Date,
): Promise<unknown> {
  const merchant = {
    id: MERCHANT_ID,
    sessionKeys: 'one-time',
    tokensPerSession: undefined,
    attemptsPerSession: undefined,
    createdAt: 0,
  } as const
  const credential = {
    kind: 'shared-secret',
    keyId: KEY_ID,
    merchantId: MERCHANT_ID,
    secret: createSecretKey(secret),
    allows: STRICT,
    createdAt: 0,
    revokedAt: undefined,
  } as const
  const needs = {
    findByFingerprint: async () => undefined,
    findMerchant: async () => undefined,
    find: async (keyId: string) => (keyId === KEY_ID ? { merchant, credential } : undefined),
    write: async () => true,
    now: () => now,
    toleranceSeconds: 300,
    mayDiagnose: () => true,
  }
  const identity = await authenticate(needs, received)
  return identity.merchant.id
}

async function explanationOf(refused: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await refused
  } catch (error) {
    assert.ok(error instanceof ServiceError)
    assert.equal(error.code, 'AUTHENTICATION_FAILED')
    return { ...error.explanation }
  }
  return assert.fail('it was not refused')
}

for (const capture of SIGNED_BY_SECRET) {
  const { name, request: recorded, signedAt, stringToSign } = capture

  test(`${name}: all but the secret is understood as its client meant it`, async () => {
    const secret = randomBytes(32)
    const explanation = await explanationOf(authenticateWith(secret, recorded, signedAt))
    assert.equal(explanation['reason'], 'WRONG_SIGNATURE')
    assert.equal(explanation['keyId'], KEY_ID)
    if (stringToSign !== undefined) {
      assert.deepEqual(explanation['stringToSign'], { expected: stringToSign })
    }
    const accepted = await authenticateWith(secret, resign(capture, secret), signedAt)
    assert.equal(accepted, MERCHANT_ID)
  })

  test(`${name}: it is refused when its time is over, or its body another`, async () => {
    const secret = randomBytes(32)
    const resigned = resign(capture, secret)
    const later = new Date(signedAt.getTime() + 10 * 60_000)
    const late = await explanationOf(authenticateWith(secret, resigned, later))
    assert.equal(late['reason'], 'CLOCK_DIFFERS')
    if (recorded.body.length === 0) return
    const body = Buffer.concat([recorded.body, Buffer.from(' ')])
    const changed = await explanationOf(authenticateWith(secret, { ...resigned, body }, signedAt))
    assert.equal(changed['reason'], 'DIGEST_OF_ANOTHER_BODY')
  })
}

/** Starts a service at the time of a capture that knows its key id with this secret. */
async function startAt(t: TestContext, { signedAt }: Capture, secret: Buffer): Promise<string> {
  const harness = await startHarness({ now: () => signedAt })
  t.after(() => harness.close())
  const content = Buffer.from(JSON.stringify({ secret: secret.toString('base64'), createdAt: 0 }))
  const place = { kind: 'credential', name: KEY_ID, owner: MERCHANT_ID } as const
  const record = { ...place, expiresAt: undefined, content }
  await harness.store.write([sealedWrite('put-new', record, harness.sealer)])
  return harness.listen()
}

/** What the service has an operation for, and what it answers to the client of that time. */
const ANSWERED: readonly { readonly ending: string; readonly status: number }[] = [
  { ending: '-flex.txt', status: 201 },
  { ending: '-payment-details.txt', status: 404 },
]

for (const { ending, status } of ANSWERED) {
  for (const capture of SIGNED_BY_SECRET.filter(({ name }) => name.endsWith(ending))) {
    test(`${capture.name}: sent again to a service of its time, it is answered with ${status}`, async (t) => {
      const secret = randomBytes(32)
      const url = await startAt(t, capture, secret)
      const refused = await send(url, capture.request)
      assert.equal(refused.statusCode, 401)
      const { coatcheck } = (await json(refused)) as { readonly coatcheck: Record<string, unknown> }
      assert.equal(coatcheck['reason'], 'WRONG_SIGNATURE')
      if (capture.stringToSign !== undefined) {
        assert.deepEqual(coatcheck['stringToSign'], { expected: capture.stringToSign })
      }
      const answered = await send(url, resign(capture, secret))
      assert.equal(answered.statusCode, status)
      answered.resume()
    })
  }
}

import assert from 'node:assert/strict'
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { ServiceError } from '../../src/errors.ts'
import { authenticate } from '../../src/merchant/authenticate.ts'
import type { MerchantRequest } from '../../src/merchant/by-http-signature.ts'
import { sealedWrite } from '../../src/store/sealed-records.ts'
import { startHarness } from '../harness.ts'

const FOLDER = new URL('../vectors/captures/', import.meta.url)
/** The key id and the merchant of every capture; the secret is not known to anybody. */
const KEY_ID = '3f1c2a5e-7f7d-4a55-9d0e-0b1c2d3e4f50'
const MERCHANT_ID = 'testmid'

/** A recorded request of an official client, and what its recorder knew of it. */
interface Capture {
  readonly name: string
  readonly request: MerchantRequest
  /** What the client really signed. */
  readonly signed: string
  readonly signedAt: Date
  /** Undefined for a JWT. */
  readonly stringToSign: string | undefined
}

interface Verification {
  readonly stringToSign?: string
  readonly claims?: { readonly iat: number }
}

const CAPTURES = readdirSync(FOLDER)
  .filter((name) => /http_signature|jwt_shared_secret/.test(name))
  .map(readCapture)

function readCapture(name: string): Capture {
  const text = readFileSync(new URL(name, FOLDER), 'utf8')
  const [, sent = '', verified = ''] = text.split(/^=====.*=====\n/m)
  const [head = '', body = ''] = sent.split('\n\n')
  const [start = '', ...fields] = head.split('\n')
  const [method = '', target = ''] = start.split(' ')
  const headers = fields.map((field) => {
    const colon = field.indexOf(': ')
    return [field.slice(0, colon), field.slice(colon + 2)] as const
  })
  const { stringToSign, claims } = JSON.parse(verified) as Verification
  const token = headerOf(headers, 'authorization').split(' ')[1] ?? ''
  return {
    name,
    request: { method, target, headers, body: Buffer.from(body.trimEnd()), calledHost: undefined },
    signed: stringToSign ?? token.slice(0, token.lastIndexOf('.')),
    signedAt: claims ? new Date(claims.iat * 1000) : new Date(headerOf(headers, 'date')),
    stringToSign,
  }
}

function headerOf(headers: MerchantRequest['headers'], name: string): string {
  return headers.find((header) => header[0].toLowerCase() === name)?.[1] ?? ''
}

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
    keyId: KEY_ID,
    merchantId: MERCHANT_ID,
    secret: createSecretKey(secret),
    createdAt: 0,
  }
  const needs = {
    find: async (keyId: string) => (keyId === KEY_ID ? { merchant, credential } : undefined),
    write: async () => true,
    now: () => now,
    toleranceSeconds: 300,
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

for (const capture of CAPTURES) {
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

/** Sends a request over a socket, with its headers as they are: their case, their order, their Host. */
async function send(
  url: string,
  { method, target, headers, body }: MerchantRequest,
): Promise<IncomingMessage> {
  const outgoing = request(url + target, { method, headers: headers.flat(), agent: false })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  return response
}

/** What the service has an operation for, and what it answers to the client of that time. */
const ANSWERED: readonly { readonly ending: string; readonly status: number }[] = [
  { ending: '-flex.txt', status: 201 },
  { ending: '-payment-details.txt', status: 404 },
]

for (const { ending, status } of ANSWERED) {
  for (const capture of CAPTURES.filter(({ name }) => name.endsWith(ending))) {
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

import { strict as assert } from 'node:assert'
import { constants, createDecipheriv, privateDecrypt } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import {
  createToken,
  type CreateTokenOptions,
  verifyCaptureContext,
  type VerifiedCaptureContext,
} from '../../src/client/index.ts'
import { startHost, type Host, type Reply } from './host.ts'
import { rejectsWith } from './rejects.ts'
import {
  API_ENTRY,
  at,
  captureContext,
  makeKeyPair,
  SESSION_KEY,
  SIGNING_KEY,
  transientToken,
} from './session.ts'

const DATA = {
  paymentInformation: {
    card: { number: '4111111111111111', expirationMonth: '12', expirationYear: '2031' },
  },
  orderInformation: { billTo: { firstName: 'Ærø', country: 'DK' } },
}
const TOKEN = transientToken()
const MF_ENTRY = { type: 'mf-2.1.0', data: {} }

async function openSession(
  t: TestContext,
  reply: Reply = { status: 201, body: TOKEN },
  { ctx, jwk = SESSION_KEY.jwk }: { ctx?: unknown; jwk?: object } = {},
): Promise<{ readonly host: Host; readonly context: VerifiedCaptureContext }> {
  const host = await startHost(t, () => reply)
  const context = await verifyCaptureContext(captureContext({ origin: host.origin, jwk }, ctx), {
    origins: [host.origin],
    publicKey: SIGNING_KEY.jwk,
    currentDate: at(0),
  })
  return { host, context }
}

/** Decrypts a JWE by node:crypto alone, as a service would. */
function decrypt(jwe: string, oaepHash: string) {
  const parts = jwe.split('.').map((part) => Buffer.from(part, 'base64url'))
  const [header = Buffer.of(), wrapped = Buffer.of(), iv = Buffer.of(), text = Buffer.of(), tag] =
    parts
  assert.equal(parts.length, 5)
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  const key = privateDecrypt({ key: SESSION_KEY.privateKey, padding, oaepHash }, wrapped)
  const decipher = createDecipheriv('aes-256-gcm', key, iv)
  decipher.setAAD(Buffer.from(jwe.split('.')[0] ?? ''))
  decipher.setAuthTag(tag ?? Buffer.of())
  const plaintext = Buffer.concat([decipher.update(text), decipher.final()]).toString()
  return { header: header.toString(), ivLength: iv.length, request: JSON.parse(plaintext) }
}

test('a token is made from card data encrypted to the session key, posted to the session’s address', async (t) => {
  const { host, context } = await openSession(t)
  assert.equal(await createToken({ captureContext: context, data: DATA }), TOKEN)
  const [received] = host.received
  assert.equal(`${received?.method} ${received?.target}`, 'POST /flex/v2/tokens')
  assert.equal(received?.headers.get('content-type'), 'application/jwt; charset=utf-8')
  for (const name of ['authorization', 'signature', 'cookie', 'v-c-merchant-id']) {
    assert.equal(received?.headers.has(name), false)
  }
  const { header, ivLength, request } = decrypt(received?.body ?? '', 'sha1')
  assert.equal(header, `{"kid":"${SESSION_KEY.jwk.kid}","alg":"RSA-OAEP","enc":"A256GCM"}`)
  assert.equal(ivLength, 12)
  assert.deepEqual(request, { data: DATA, context: context.jwt, index: 0 })
})

test('nothing of the card is in clear on the wire', async (t) => {
  const { host, context } = await openSession(t)
  await createToken({ captureContext: context, data: DATA })
  const wire = JSON.stringify(host.received.map(({ headers, ...rest }) => [...headers, rest]))
  assert.doesNotMatch(wire, /4111111111111111|"2031"/)
})

test('RSA-OAEP-256 is used on demand', async (t) => {
  const { host, context } = await openSession(t)
  await createToken({ captureContext: context, data: DATA, alg: 'RSA-OAEP-256' })
  const { header, request } = decrypt(host.received[0]?.body ?? '', 'sha256')
  assert.match(header, /"alg":"RSA-OAEP-256"/)
  assert.deepEqual(request.data, DATA)
})

test('index is the position of the entry that is understood, api- before mf-', async (t) => {
  const unknown = { type: 'uc-1.0.0', data: {} }
  const { host, context } = await openSession(t, undefined, { ctx: [unknown, MF_ENTRY, API_ENTRY] })
  await createToken({ captureContext: context, data: DATA })
  const { request } = decrypt(host.received[0]?.body ?? '', 'sha1')
  assert.equal(request.index, 2)
  assert.deepEqual(request.data, DATA)
})

test('for an mf- entry the card’s fields are written by their bare names', async (t) => {
  const { host, context } = await openSession(t, undefined, { ctx: [MF_ENTRY] })
  await createToken({ captureContext: context, data: DATA })
  const { request } = decrypt(host.received[0]?.body ?? '', 'sha1')
  const { orderInformation } = DATA
  assert.deepEqual(request.data, { ...DATA.paymentInformation.card, orderInformation })
  assert.equal(request.index, 0)
})

test('a capture context without an entry that is understood is refused', async (t) => {
  const entry = { type: 'uc-1.0.0', data: {} }
  for (const ctx of [[entry], []]) {
    const { host, context } = await openSession(t, undefined, { ctx })
    const call = createToken({ captureContext: context, data: DATA })
    await rejectsWith('CAPTURE_CONTEXT_UNSUPPORTED', call)
    assert.equal(host.received.length, 0)
  }
})

test('a capture context that nobody verified gets no card, also without types', async (t) => {
  const { host, context } = await openSession(t)
  const { claims, tokensUrl } = context
  for (const impostor of [
    context.jwt,
    { claims, tokensUrl, jwt: context.jwt },
    { ...context },
    undefined,
  ]) {
    const options = { captureContext: impostor, data: DATA } as never
    await rejectsWith('CAPTURE_CONTEXT_INVALID', createToken(options))
  }
  assert.equal(host.received.length, 0)
})

test('nothing is encrypted to a key of fewer than 2048 bits', async (t) => {
  const { jwk } = makeKeyPair('weak', 1024)
  const { host, context } = await openSession(t, undefined, { jwk })
  const error = await rejectsWith(
    'ENCRYPTION_FAILED',
    createToken({ captureContext: context, data: DATA }),
  )
  assert.equal(error.cause, undefined)
  assert.equal(host.received.length, 0)
})

test('faults of the card data come back in details, by location', async (t) => {
  const details = [
    { location: 'captureData.securityCode', message: 'Invalid security code format' },
  ]
  const responseStatus = { status: 400, reason: 'VALIDATION_ERROR', message: 'no', details }
  const { context } = await openSession(t, {
    status: 400,
    body: JSON.stringify({ responseStatus }),
  })
  const call = createToken({ captureContext: context, data: DATA })
  const error = await rejectsWith('VALIDATION_ERROR', call)
  assert.deepEqual(error.details, details)
  assert.equal(error.status, 400)
})

test('a reply that is not a JWT is refused', async (t) => {
  const { context } = await openSession(t, { status: 201, body: '{}' })
  await rejectsWith('REPLY_INVALID', createToken({ captureContext: context, data: DATA }))
})

test('a redirect does not take the card elsewhere', async (t) => {
  const trap = await startHost(t, () => ({ status: 201, body: TOKEN }))
  const headers = { location: `${trap.origin}/flex/v2/tokens` }
  const { context } = await openSession(t, { status: 307, headers })
  await rejectsWith('REDIRECTED', createToken({ captureContext: context, data: DATA }))
  assert.equal(trap.received.length, 0)
})

test('fetch, timeout and abort signal are the caller’s to choose', async (t) => {
  const { context } = await openSession(t, { silent: true })
  const options: CreateTokenOptions = { captureContext: context, data: DATA }
  await rejectsWith('TIMEOUT', createToken({ ...options, timeoutSeconds: 0.05 }))
  await rejectsWith('ABORTED', createToken({ ...options, signal: AbortSignal.abort() }))
  await rejectsWith('OPTIONS_INVALID', createToken({ ...options, timeoutSeconds: -1 }))
  const answer = async () => new Response(TOKEN, { status: 201 })
  assert.equal(await createToken({ ...options, fetch: answer }), TOKEN)
})

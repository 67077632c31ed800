import { strict as assert } from 'node:assert'
import { createHmac } from 'node:crypto'
import { test, type TestContext } from 'node:test'

import { readErrorOf } from '../error-reply.ts'
import {
  BUNDLED_KEYS,
  CARD,
  createToken,
  encrypt,
  encryptData,
  makeRootKey,
  openSession,
  postJwe,
  publicKeyOf,
  SIGNING_KEY,
  signContext,
  type Session,
} from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { encodeJson } from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'

async function start(
  t: TestContext,
  options: Parameters<typeof startHarness>[0] = {},
): Promise<Harness> {
  const harness = await startHarness(options)
  t.after(() => harness.close())
  return harness
}

/** Posts card data to a session's key, with a context of any kind. */
async function postWith(harness: Harness, session: Session, context: unknown) {
  return postJwe(harness, encrypt(session, { data: CARD, context, index: 0 }))
}

const NOT_OURS = [
  { location: 'context', message: 'is not the capture context of this session key' },
]

async function assertNotOurs(harness: Harness, session: Session, context: unknown): Promise<void> {
  const { details } = readErrorOf('VALIDATION_FAILED', await postWith(harness, session, context))
  assert.deepEqual(details, NOT_OURS)
}

test('refuses the context of another session', async (t) => {
  const harness = await start(t)
  const [mine, other] = [await openSession(harness), await openSession(harness)]
  await assertNotOurs(harness, mine, other.jwt)
  await assertNotOurs(harness, other, mine.jwt)
  await createToken(harness, mine)
})

test('refuses a context of another service, though its signing key is the same', async (t) => {
  const [here, there] = [await start(t), await start(t)]
  const [mine, other] = [await openSession(here), await openSession(there)]
  await assertNotOurs(here, mine, other.jwt)
  readErrorOf('SESSION_KEY_NOT_FOUND', await postWith(here, other, other.jwt))
})

test('refuses a context whose claims were changed, signed by another key', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  const claims = { ...session.claims, exp: session.claims.exp + 900 }
  const [key] = BUNDLED_KEYS
  assert.ok(key)
  await assertNotOurs(harness, session, signContext(claims, { key }))
  for (const kid of ['zz', '', session.jwk.kid, '__proto__', 7]) {
    const header = { kid, alg: 'RS256' }
    await assertNotOurs(harness, session, signContext(session.claims, { key, header }))
  }
})

test('refuses a context with a changed part, and anything that is no JWS', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  const [header, payload, signature] = session.jwt.split('.')
  const widened = { ...session.claims, ctx: [] }
  const contexts = [
    `${header}.${encodeJson(widened)}.${signature}`,
    `${header}.${payload}.${signature?.replace(/^./, 'x')}`,
    `${header}.${payload}.`,
    `${header}.${payload}`,
    `${session.jwt}.${signature}`,
    `${session.jwt}=`,
    ` ${session.jwt}`,
    '',
    '..',
  ]
  for (const context of contexts) await assertNotOurs(harness, session, context)
})

test('refuses a context under alg none, HMAC with the public key, PS256 or crit', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  const unsigned = `${encodeJson({ kid: 'dv', alg: 'none' })}.${encodeJson(session.claims)}`
  const hmacInput = `${encodeJson({ kid: 'dv', alg: 'HS256' })}.${encodeJson(session.claims)}`
  const pem = publicKeyOf(SIGNING_KEY.export({ format: 'jwk' }) as { n: string; e: string }).export(
    {
      type: 'spki',
      format: 'pem',
    },
  )
  const mac = createHmac('sha256', pem).update(hmacInput).digest('base64url')
  const contexts = [
    `${unsigned}.`,
    `${unsigned}.AA`,
    `${hmacInput}.${mac}`,
    signContext(session.claims, { header: { kid: 'dv', alg: 'PS256' } }),
    signContext(session.claims, { header: { kid: 'dv', alg: 'RS256', crit: ['exp'] } }),
    signContext(session.claims, { header: { kid: 'dv' } }),
  ]
  for (const context of contexts) await assertNotOurs(harness, session, context)
})

test('opens nothing for a thief of the signing key: flx.data binds kid and expiry', async (t) => {
  const harness = await start(t)
  const [mine, other] = [await openSession(harness), await openSession(harness)]
  const { flx, ...claims } = mine.claims
  const forged = [
    { flx: { ...flx, data: other.claims.flx.data }, ...claims },
    { flx: { ...flx, data: '' }, ...claims },
    { flx: { ...flx, data: Buffer.alloc(120).toString('base64') }, ...claims },
    { flx: { ...flx, data: flx.data.replace(/^(.{20})./, '$1x') }, ...claims },
    { flx: { ...flx, jwk: other.jwk }, ...claims },
    { flx, ...claims, exp: claims.exp + 1 },
    { flx, ...claims, exp: claims.exp - 1 },
    { ...claims },
    [],
  ]
  for (const each of forged) await assertNotOurs(harness, mine, signContext(each))
  const swapped = { flx: { ...other.claims.flx, data: flx.data }, ...claims }
  await assertNotOurs(harness, other, signContext(swapped))
})

test('refuses a capture context as a JWE, and a JWE as a context', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  readErrorOf('JWE_MALFORMED', await postJwe(harness, session.jwt))
  await assertNotOurs(harness, session, encryptData(session))
})

test('takes a session for expired at the very second, and not before', async (t) => {
  const clock = createTestClock()
  const harness = await start(t, { now: clock.now })
  const session = await openSession(harness, { now: clock.now() })
  clock.advance(899)
  await createToken(harness, session)
  clock.advance(1)
  const { message, details } = readErrorOf(
    'SESSION_KEY_NOT_FOUND',
    await postWith(harness, session, session.jwt),
  )
  assert.equal(message, `Cannot find private RSA key with keyId ${session.jwk.kid}`)
  assert.deepEqual(details, [{ location: 'keyId', message: 'is unknown or has expired' }])
})

test('answers an unknown kid as it answers an expired session', async (t) => {
  const harness = await start(t)
  const session = await openSession(harness)
  const kid = `08${'a'.repeat(30)}`
  const jwk = { ...session.jwk, kid }
  const { message, details } = readErrorOf(
    'SESSION_KEY_NOT_FOUND',
    await postJwe(harness, encryptData({ ...session, jwk })),
  )
  assert.equal(message, `Cannot find private RSA key with keyId ${kid}`)
  assert.deepEqual(details, [{ location: 'keyId', message: 'is unknown or has expired' }])
})

for (const kid of ['', 'dv', '08', `08${'a'.repeat(31)}`, `08${'-'.repeat(30)}`, 8, null, {}]) {
  test(`calls a JWE whose kid is ${JSON.stringify(kid)} malformed`, async (t) => {
    const harness = await start(t)
    const jwe = encryptData(await openSession(harness), CARD, { header: { kid } })
    readErrorOf('JWE_MALFORMED', await postJwe(harness, jwe))
  })
}

test('loses the private key 15 minutes after the longest time it may have been held', async (t) => {
  const clock = createTestClock()
  const harness = await start(t, { now: clock.now })
  clock.advance(3599)
  const session = await openSession(harness, { now: clock.now() })
  const { kid } = session.jwk
  clock.advance(899)
  await createToken(harness, session)
  const held = await harness.store.get('session-key', kid)
  assert.ok(held && held.value.length > 1000)
  clock.advance(2)
  assert.equal(await harness.store.get('session-key', kid), undefined)
  assert.ok((await harness.store.purge()) > 0)
  readErrorOf('SESSION_KEY_NOT_FOUND', await postJwe(harness, encryptData(session)))
})

test('reads a context that another replica over the same store has signed', async (t) => {
  const rootKey = makeRootKey()
  const here = await start(t, { rootKey })
  const there = await startHarness({ store: here.store, rootKey })
  const session = await openSession(here)
  await createToken(there, session)
  await there.service.close()
})

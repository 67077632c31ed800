import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { verifyCaptureContext, verifyTransientToken } from '../../src/client/index.ts'
import { readVector } from '../vector.ts'
import { rejectsWith } from './rejects.ts'
import {
  API_ENTRY,
  at,
  captureContext,
  decodeClaims,
  makeKeyPair,
  ORIGIN,
  readPublicKey,
  SESSION_KEY,
  signJws,
  SIGNING_KEY,
  TOKEN_CLAIMS,
  transientToken,
} from './session.ts'

const NOW = { currentDate: at(0) } as const
const OPTIONS = { origins: [ORIGIN], publicKey: SIGNING_KEY.jwk, ...NOW } as const
const LONG_TERM_KEYS: Record<string, string> = JSON.parse(readVector('longterm-public-keys.json'))

async function verifyPublished(name: string) {
  const jwt = readVector(`${name}.txt`)
  const { flx, iat } = decodeClaims(jwt)
  return verifyCaptureContext(jwt, {
    origins: [flx.origin],
    publicKey: (kid) => readPublicKey(LONG_TERM_KEYS[kid] ?? '', kid),
    currentDate: new Date(iat * 1000),
  })
}

for (const [contextName, tokenName] of [
  ['cc-api-0.1.0-guide-sn', 'tt-api-0.1.0-guide'],
  ['pair-mf-0.11.0-085IQL-cc', 'pair-mf-0.11.0-085IQL-tt'],
  ['pair-mf-2.0.0-08zeS1-cc', 'pair-mf-2.0.0-08zeS1-tt'],
] as const) {
  test(`the published token ${tokenName} verifies with its capture context`, async () => {
    const context = await verifyPublished(contextName)
    const jwt = readVector(`${tokenName}.txt`)
    // The oldest one also has `data`, which later tokens replaced by `content`.
    const { data: _, ...claims } = decodeClaims(jwt)
    const currentDate = new Date(claims.iat * 1000)
    assert.deepEqual(await verifyTransientToken(jwt, context, { currentDate }), claims)
  })
}

test('a published token of another session is refused', async () => {
  const context = await verifyPublished('pair-mf-2.0.0-08zeS1-cc')
  const jwt = readVector('pair-mf-0.11.0-085IQL-tt.txt')
  await rejectsWith('TRANSIENT_TOKEN_INVALID', verifyTransientToken(jwt, context, NOW))
})

test('content is typed, and shows nothing but what may be shown', async () => {
  const context = await verifyCaptureContext(captureContext(), OPTIONS)
  const number = {
    detectedCardTypes: ['042', '036'],
    maskedValue: 'XXXXXXXXXXXX1111',
    bin: '411111',
  }
  const content = {
    paymentInformation: { card: { number: { ...number, extra: 1 }, securityCode: {}, type: 'x' } },
    orderInformation: { billTo: { firstName: {}, unknown: {} } },
  }
  const jwt = transientToken({ ...TOKEN_CLAIMS, content })
  const verified = await verifyTransientToken(jwt, context, NOW)
  assert.equal(verified.content?.paymentInformation?.card?.number?.bin, '411111')
  assert.deepEqual(verified.content, {
    paymentInformation: { card: { number, securityCode: {} } },
    orderInformation: { billTo: { firstName: {} } },
  })
})

test('a token signed by the service’s long-term key, or by anybody else, is refused', async () => {
  const context = await verifyCaptureContext(captureContext(), OPTIONS)
  const { kid } = SESSION_KEY.jwk
  for (const { privateKey } of [SIGNING_KEY, makeKeyPair('x')]) {
    const jwt = signJws({ kid, alg: 'RS256' }, TOKEN_CLAIMS, privateKey)
    await rejectsWith('TRANSIENT_TOKEN_INVALID', verifyTransientToken(jwt, context, NOW))
  }
})

test('a token whose kid is not the session’s is refused although the key fits', async () => {
  const context = await verifyCaptureContext(captureContext(), OPTIONS)
  for (const header of [
    { kid: 'a7', alg: 'RS256' },
    { alg: 'RS256' },
    { kid: SESSION_KEY.jwk.kid, alg: 'PS256' },
  ]) {
    const jwt = signJws(header, TOKEN_CLAIMS, SESSION_KEY.privateKey)
    await rejectsWith('TRANSIENT_TOKEN_INVALID', verifyTransientToken(jwt, context, NOW))
  }
})

test('a token is good until a minute after its expiry, and no longer', async () => {
  const context = await verifyCaptureContext(captureContext(), OPTIONS)
  await verifyTransientToken(transientToken(), context, { currentDate: at(959) })
  const late = verifyTransientToken(transientToken(), context, { currentDate: at(960) })
  await rejectsWith('TRANSIENT_TOKEN_EXPIRED', late)
})

test('a token without an expiry, or without another claim of its own, is refused', async () => {
  const context = await verifyCaptureContext(captureContext(), OPTIONS)
  for (const name of ['exp', 'iss', 'iat', 'jti', 'type']) {
    const jwt = transientToken({ ...TOKEN_CLAIMS, [name]: undefined })
    await rejectsWith('TRANSIENT_TOKEN_INVALID', verifyTransientToken(jwt, context, NOW))
  }
})

test('a token of a type that the capture context does not have is refused', async () => {
  const mf = { type: 'mf-2.1.0', data: {} }
  const both = await verifyCaptureContext(captureContext({}, [mf, API_ENTRY]), OPTIONS)
  await verifyTransientToken(transientToken(), both, NOW)
  const other = await verifyCaptureContext(captureContext({}, [mf]), OPTIONS)
  await rejectsWith('TRANSIENT_TOKEN_INVALID', verifyTransientToken(transientToken(), other, NOW))
})

test('a capture context that nobody verified is refused, also without types', async () => {
  const context = await verifyCaptureContext(captureContext(), OPTIONS)
  const { claims, tokensUrl } = context
  const impostors = [
    captureContext(),
    { ...context },
    { claims, tokensUrl },
    Object.create(context),
    null,
  ]
  for (const impostor of impostors) {
    const call = verifyTransientToken(transientToken(), impostor as never, NOW)
    await rejectsWith('CAPTURE_CONTEXT_INVALID', call)
  }
})

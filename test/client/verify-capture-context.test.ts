import { strict as assert } from 'node:assert'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { getPublicKey, type PublicJwk, verifyCaptureContext } from '../../src/client/index.ts'
import { readVector } from '../vector.ts'
import { startHost } from './host.ts'
import { rejectsWith } from './rejects.ts'
import {
  at,
  captureContext,
  contextClaims,
  decodeClaims,
  makeKeyPair,
  ORIGIN,
  readPublicKey,
  signJws,
  SIGNING_KEY,
} from './session.ts'

const VALID = { origins: [ORIGIN], publicKey: SIGNING_KEY.jwk, currentDate: at(0) } as const
const HEADER = { kid: 'a7', alg: 'RS256' }

const LONG_TERM_KEYS: Record<string, string> = JSON.parse(readVector('longterm-public-keys.json'))

function longTermKey(kid: string): PublicJwk {
  return readPublicKey(LONG_TERM_KEYS[kid] ?? '', kid)
}

for (const name of [
  'cc-api-0.1.0-guide-sn',
  'cc-api-0.1.0-stage-j4',
  'cc-mf-2.1.0-guide-j4-card-and-check',
  'pair-mf-0.11.0-085IQL-cc',
  'pair-mf-2.0.0-08zeS1-cc',
]) {
  test(`the published capture context ${name} verifies at the time of its issue`, async () => {
    const jwt = readVector(`${name}.txt`)
    const claims = decodeClaims(jwt)
    const verified = await verifyCaptureContext(jwt, {
      origins: [claims.flx.origin],
      publicKey: longTermKey,
      currentDate: new Date(claims.iat * 1000),
    })
    assert.equal(verified.jwt, jwt)
    assert.deepEqual(verified.claims, claims)
    assert.equal(verified.tokensUrl, `${claims.flx.origin}/flex/v2/tokens`)
  })
}

test('a published capture context has expired by now', async () => {
  const call = verifyCaptureContext(readVector('cc-api-0.1.0-guide-sn.txt'), {
    origins: [ORIGIN],
    publicKey: longTermKey,
  })
  await rejectsWith('CAPTURE_CONTEXT_EXPIRED', call)
})

test('a capture context is good until a minute after its expiry, and no longer', async () => {
  await verifyCaptureContext(captureContext(), { ...VALID, currentDate: at(959) })
  const late = verifyCaptureContext(captureContext(), { ...VALID, currentDate: at(960) })
  await rejectsWith('CAPTURE_CONTEXT_EXPIRED', late)
})

test('the key is fetched from the origin that the caller gives, by the kid of the header', async (t) => {
  const host = await startHost(t, () => ({ body: JSON.stringify(SIGNING_KEY.jwk) }))
  const { origins, currentDate } = VALID
  const options = { origins, currentDate, publicKeyOrigin: host.origin }
  await verifyCaptureContext(captureContext(), options)
  const [received] = host.received
  assert.equal(`${received?.method} ${received?.target}`, 'GET /flex/v2/public-keys/a7')
  assert.equal(received?.headers.get('accept'), 'application/json')
  assert.equal(received?.headers.has('authorization'), false)
})

test('a key that cannot be fetched is reported as what went wrong, not as a forgery', async (t) => {
  const host = await startHost(t, () => ({ status: 404 }))
  const { origins, currentDate } = VALID
  const options = { origins, currentDate, publicKeyOrigin: host.origin }
  await rejectsWith('NOT_FOUND', verifyCaptureContext(captureContext(), options))
})

test('a reply that is not the key of that kid is refused', async (t) => {
  const { kty, n, e } = SIGNING_KEY.jwk
  const wrong = [
    { kty, n, e, kid: 'b8' },
    { kty: 'EC', n, e },
    { kty, n },
    { kty, e },
    [],
    'x',
    null,
  ]
  for (const body of wrong.map((key) => JSON.stringify(key))) {
    const host = await startHost(t, () => ({ body }))
    await rejectsWith('REPLY_INVALID', getPublicKey('a7', { origin: host.origin }))
  }
})

test('a kid that could lead to another path is never asked for', async (t) => {
  const host = await startHost(t, () => ({ body: JSON.stringify(SIGNING_KEY.jwk) }))
  const { origins, currentDate } = VALID
  for (const kid of [
    '..',
    '.',
    'a/b',
    '../../x',
    '%2e%2e',
    'a?b',
    'a#b',
    '',
    'a b',
    'x'.repeat(65),
  ]) {
    const jwt = signJws({ kid, alg: 'RS256' }, contextClaims(), SIGNING_KEY.privateKey)
    const options = { origins, currentDate, publicKeyOrigin: host.origin }
    await rejectsWith('CAPTURE_CONTEXT_INVALID', verifyCaptureContext(jwt, options))
  }
  assert.equal(host.received.length, 0)
  await rejectsWith('OPTIONS_INVALID', getPublicKey('a7', { origin: `${host.origin}/x` }))
})

test('a capture context that was changed or signed by another key is refused', async () => {
  const [header, claims, signature = ''] = captureContext().split('.')
  const other = makeKeyPair('a7')
  const forged = [
    '',
    'not a JWT',
    `${header}.${claims}`,
    `${header}.${claims}.`,
    `${header}.${claims}.${signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
    `${header}.${captureContext({ origin: `${ORIGIN}:8443` }).split('.')[1]}.${signature}`,
    signJws(HEADER, contextClaims(), other.privateKey),
    `${captureContext()}\n`,
  ]
  for (const jwt of forged) {
    await rejectsWith('CAPTURE_CONTEXT_INVALID', verifyCaptureContext(jwt, VALID))
  }
})

test('no algorithm but RS256 is accepted, whatever the header claims', async () => {
  const claims = Buffer.from(JSON.stringify(contextClaims())).toString('base64url')
  for (const alg of ['none', 'HS256', 'RS512', 'PS256', 'ES256', 'rs256', undefined]) {
    const jwt = signJws({ kid: 'a7', alg }, contextClaims(), SIGNING_KEY.privateKey)
    await rejectsWith('CAPTURE_CONTEXT_INVALID', verifyCaptureContext(jwt, VALID))
  }
  const header = Buffer.from('{"kid":"a7","alg":"HS256"}').toString('base64url')
  const mac = createHmac('sha256', SIGNING_KEY.jwk.n).update(`${header}.${claims}`)
  const confused = `${header}.${claims}.${mac.digest('base64url')}`
  await rejectsWith('CAPTURE_CONTEXT_INVALID', verifyCaptureContext(confused, VALID))
})

test('a header without a kid, or with one that the key contradicts, is refused', async () => {
  for (const header of [{ alg: 'RS256' }, { alg: 'RS256', kid: 7 }, { alg: 'RS256', kid: 'b8' }]) {
    const jwt = signJws(header, contextClaims(), SIGNING_KEY.privateKey)
    await rejectsWith('CAPTURE_CONTEXT_INVALID', verifyCaptureContext(jwt, VALID))
  }
})

test('a key of fewer than 2048 bits verifies nothing', async () => {
  const { privateKey, jwk } = makeKeyPair('a7', 1024)
  const jwt = signJws(HEADER, contextClaims(), privateKey)
  const call = verifyCaptureContext(jwt, { ...VALID, publicKey: jwk })
  await rejectsWith('CAPTURE_CONTEXT_INVALID', call)
})

test('a capture context that lacks claims is refused', async () => {
  for (const name of ['flx', 'ctx', 'exp', 'iat', 'jti', 'iss']) {
    const claims = { ...contextClaims(), [name]: undefined }
    const jwt = signJws(HEADER, claims, SIGNING_KEY.privateKey)
    await rejectsWith('CAPTURE_CONTEXT_INVALID', verifyCaptureContext(jwt, VALID))
  }
})

test('card data may only go to an origin that the caller listed', async () => {
  for (const origin of [
    'https://evil.example',
    'http://pay.example.com',
    `${ORIGIN}.evil.example`,
    `${ORIGIN}:8443`,
    `${ORIGIN}@evil.example`,
    'https://user@pay.example.com',
    `${ORIGIN}/x`,
    'pay.example.com',
    '',
  ]) {
    const call = verifyCaptureContext(captureContext({ origin }), VALID)
    await rejectsWith('ORIGIN_NOT_ALLOWED', call)
  }
})

test('origins are compared as URLs are', async () => {
  const jwt = captureContext({ origin: 'https://PAY.example.com:443/' })
  const verified = await verifyCaptureContext(jwt, { ...VALID, origins: [`${ORIGIN}/`] })
  assert.equal(verified.tokensUrl, 'https://pay.example.com/flex/v2/tokens')
})

test('a path that could change the origin is refused', async () => {
  for (const path of [
    '',
    'flex/v2/tokens',
    '@evil.example/',
    '.evil.example/',
    '/a?b',
    '/a\\b',
    '/../b',
  ]) {
    const call = verifyCaptureContext(captureContext({ path }), VALID)
    await rejectsWith('CAPTURE_CONTEXT_INVALID', call)
  }
})

test('an allow-list that is empty or holds anything but origins is refused', async () => {
  for (const origins of [[], [''], ['*'], ['https://*'], [`${ORIGIN}/flex`], [ORIGIN, 'null']]) {
    const call = verifyCaptureContext(captureContext(), { ...VALID, origins })
    await rejectsWith(origins[0] === 'https://*' ? 'ORIGIN_NOT_ALLOWED' : 'OPTIONS_INVALID', call)
  }
})

test('printing a verified capture context does not show the JWT', async () => {
  const verified = await verifyCaptureContext(captureContext(), VALID)
  const shown = inspect(verified, { depth: 9, showHidden: true }) + JSON.stringify(verified)
  assert.equal(shown.includes(verified.jwt), false)
})

import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'

import { correlationIdOf, readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS, encryptData, openSession } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { signByJwt } from '../signed-request.ts'

const ALLOWED = [
  'http://localhost:3000',
  'https://127.0.0.1:8443',
  'http://[::1]:5173',
  'http://shop.localhost',
]
const FOREIGN = [
  'https://evil.example',
  'http://localhost.evil.example',
  'http://evil.example/localhost',
  'http://127.0.0.1.evil.example',
  'http://localhost:3000@evil.example',
  'null',
  'http://LOCALHOST.example',
  'file://',
  '',
  '*',
]

let harness: Harness

before(async () => {
  harness = await startHarness()
})
after(() => harness.close())

function corsHeaders(headers: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(headers).filter((name) => name.startsWith('access-control-'))
}

async function preflight(url: string, origin: string, method = 'POST') {
  const headers = {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'content-type',
  }
  return harness.service.app.inject({ method: 'OPTIONS', url, headers })
}

for (const origin of ALLOWED) {
  test(`lets pages of ${origin} create tokens and read the reply`, async () => {
    const preflighted = await preflight('/flex/v2/tokens', origin)
    assert.equal(preflighted.statusCode, 204)
    assert.equal(preflighted.body, '')
    assert.equal(preflighted.headers['access-control-allow-origin'], origin)
    assert.match(String(preflighted.headers['access-control-allow-methods']), /\bPOST\b/)
    assert.equal(preflighted.headers['access-control-allow-headers'], 'content-type')
    assert.match(String(preflighted.headers['vary']), /\bOrigin\b/i)
    assert.equal(preflighted.headers['access-control-allow-credentials'], undefined)
    assert.ok(correlationIdOf(preflighted))

    const headers = { origin, 'content-type': 'application/jwt' }
    const url = '/flex/v2/tokens'
    const payload = encryptData(await openSession(harness))
    for (const status of [201, 400]) {
      const body = status === 201 ? payload : 'x'
      const reply = await harness.service.app.inject({
        method: 'POST',
        url,
        headers,
        payload: body,
      })
      assert.equal(reply.statusCode, status)
      assert.equal(reply.headers['access-control-allow-origin'], origin)
      const exposed = String(reply.headers['access-control-expose-headers'])
      assert.match(exposed, /digest/)
      assert.match(exposed, /v-c-correlation-id/)
    }
  })
}

for (const origin of FOREIGN) {
  test(`gives pages of ${JSON.stringify(origin)} no CORS headers`, async () => {
    for (const [method, url] of [
      ['POST', '/flex/v2/tokens'],
      ['GET', '/flex/v2/public-keys/dv'],
      ['GET', '/.well-known/jwks.json'],
    ] as const) {
      const preflighted = await preflight(url, origin, method)
      readErrorOf('METHOD_NOT_ALLOWED', preflighted)
      assert.deepEqual(corsHeaders(preflighted.headers), [])
      const reply = await harness.service.app.inject({ method, url, headers: { origin } })
      assert.deepEqual(corsHeaders(reply.headers), [])
    }
  })
}

test('lets pages of allowed origins read public keys', async () => {
  for (const url of ['/flex/v2/public-keys/dv', '/.well-known/jwks.json']) {
    const [origin = ''] = ALLOWED
    const reply = await harness.service.app.inject({ method: 'GET', url, headers: { origin } })
    assert.equal(reply.statusCode, 200)
    assert.equal(reply.headers['access-control-allow-origin'], origin)
    assert.match(String(reply.headers['vary']), /\bOrigin\b/i, 'it may be kept by a cache')
  }
})

test('lets no page open sessions or read details', async () => {
  for (const origin of [...ALLOWED, ...FOREIGN]) {
    for (const url of [
      '/flex/v2/sessions',
      '/flex/v2/payment-details/x',
      '/up/v1/payment-details/x',
    ]) {
      const preflighted = await preflight(url, origin)
      readErrorOf('METHOD_NOT_ALLOWED', preflighted)
      assert.deepEqual(corsHeaders(preflighted.headers), [])
    }
  }
  const [origin = ''] = ALLOWED
  const body = JSON.stringify({ fields: CARD_FIELDS })
  const signed = signByJwt(MERCHANT, { target: '/flex/v2/sessions', body })
  const headers = { ...signed.headers, origin }
  const reply = await harness.service.app.inject({ ...signed, headers })
  assert.equal(reply.statusCode, 201)
  assert.deepEqual(corsHeaders(reply.headers), [])
})

test('knows no preflight of a path that does not exist', async () => {
  const [origin = ''] = ALLOWED
  for (const url of ['/', '/nowhere', '/flex/v2/session', '/flex/v2/tokens/']) {
    const reply = await preflight(url, origin)
    readErrorOf('RESOURCE_NOT_FOUND', reply)
    assert.deepEqual(corsHeaders(reply.headers), [])
  }
})

test('allows the configured origins only, where some are configured', async () => {
  const page = 'https://shop.example'
  const other = await startHarness({ isAllowedOrigin: (origin) => origin === page })
  for (const [origin, allowed] of [
    [page, page],
    ['http://localhost:3000', undefined],
  ] as const) {
    const headers = { origin, 'access-control-request-method': 'POST' }
    const reply = await other.service.app.inject({
      method: 'OPTIONS',
      url: '/flex/v2/tokens',
      headers,
    })
    assert.equal(reply.headers['access-control-allow-origin'], allowed)
  }
  await other.close()
})

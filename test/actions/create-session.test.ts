import { strict as assert } from 'node:assert'
import { verify } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

import { correlationIdOf, readErrorOf } from '../error-reply.ts'
import {
  CARD_FIELDS,
  openSession,
  publicKeyOf,
  readPart,
  readSession,
  requestSession,
  SIGNING_KEY,
  type Session,
} from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { SCHEMES, signByHttpSignature, signByJwt, type SignedRequest } from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'

const TARGET = '/flex/v2/sessions'

async function start(
  t: TestContext,
  options: Parameters<typeof startHarness>[0] = {},
): Promise<Harness> {
  const harness = await startHarness(options)
  t.after(() => harness.close())
  return harness
}

/** Asks for a session over a real socket. */
async function openOverSocket(
  url: string,
  extra: Readonly<Record<string, string>> = {},
): Promise<Session> {
  const body = JSON.stringify({ fields: CARD_FIELDS })
  const signed = signByHttpSignature(MERCHANT, { target: TARGET, body })
  const reply = await exchange(url, { ...signed, headers: { ...signed.headers, ...extra } })
  assert.match(reply, /^eyJ/)
  return readSession(reply)
}

async function exchange(url: string, signed: SignedRequest): Promise<string> {
  const { method, headers, payload } = signed
  return new Promise((resolve, reject) => {
    const request = httpRequest(url + signed.url, { method, headers }, (response) => {
      text(response).then(resolve, reject)
    })
    request.on('error', reject).end(payload)
  })
}

for (const scheme of ['http_signature', 'jwt'] as const) {
  test(`answers a session that was asked for by ${scheme} with 201 and the bare capture context`, async (t) => {
    const { service } = await start(t)
    const body = JSON.stringify({ fields: CARD_FIELDS })
    const reply = await service.app.inject(SCHEMES[scheme](MERCHANT, { target: TARGET, body }))
    assert.equal(reply.statusCode, 201)
    assert.equal(reply.headers['content-type'], 'application/jwt;charset=UTF-8')
    assert.equal(reply.headers['cache-control'], 'no-store')
    assert.match(reply.body, /^[\w-]+\.[\w-]+\.[\w-]+$/)
    assert.equal(reply.headers['content-length'], String(reply.body.length))
    assert.ok(correlationIdOf(reply))
  })
}

test('writes header and claims member for member in the order of the wire', async (t) => {
  const clock = createTestClock()
  const harness = await start(t, { now: clock.now })
  const session = await openSession(harness, { now: clock.now() })
  const [header = '', payload = ''] = session.jwt.split('.')
  assert.equal(Buffer.from(header, 'base64url').toString(), '{"kid":"dv","alg":"RS256"}')
  const { flx, ...claims } = readPart(session.jwt, 1)
  assert.deepEqual(Object.keys({ flx, ...claims }), ['flx', 'ctx', 'iss', 'exp', 'iat', 'jti'])
  assert.ok(Buffer.from(payload, 'base64url').toString().startsWith('{"flx":{"path":'))
  assert.deepEqual(Object.keys(session.claims.flx), ['path', 'data', 'origin', 'jwk'])
  assert.deepEqual(Object.keys(session.jwk), ['kty', 'e', 'use', 'n', 'kid'])
  assert.equal(session.claims.flx.path, '/flex/v2/tokens')
  assert.equal(session.claims.iss, 'Flex API')
  assert.equal(session.claims.iat, clock.seconds())
  assert.equal(session.claims.exp, clock.seconds() + 900)
  assert.match(session.claims.jti, /^[0-9A-Za-z]{16}$/)
})

test('describes the session key as the wire does', async (t) => {
  const { jwk, claims } = await openSession(await start(t))
  assert.deepEqual([jwk.kty, jwk.e, jwk.use], ['RSA', 'AQAB', 'enc'])
  assert.match(jwk.kid, /^08[0-9A-Za-z]{30}$/)
  assert.match(jwk.n, /^[\w-]{342}$/)
  assert.equal(publicKeyOf(jwk).asymmetricKeyDetails?.modulusLength, 2048)
  assert.match(claims.flx.data, /^[A-Za-z0-9+/]+={0,2}$/)
  assert.equal(claims.flx.data.length % 4, 0)
})

test('signs with the long-term key that is published under the kid of the header', async (t) => {
  const harness = await start(t)
  const { jwt } = await openSession(harness)
  const url = `/flex/v2/public-keys/${String(readPart(jwt, 0)['kid'])}`
  const published = await harness.service.app.inject({ method: 'GET', url })
  const [header, payload, signature = ''] = jwt.split('.')
  const signed = Buffer.from(`${header}.${payload}`)
  const bytes = Buffer.from(signature, 'base64url')
  const key = publicKeyOf(published.json())
  assert.equal(verify('RSA-SHA256', signed, key, bytes), true)
  assert.deepEqual(key.export({ format: 'jwk' }).n, SIGNING_KEY.export({ format: 'jwk' }).n)
})

test('lists what was named as required unless it says otherwise', async (t) => {
  const harness = await start(t)
  const fields = {
    paymentInformation: {
      card: { number: {}, securityCode: { required: false }, type: { required: true } },
    },
    orderInformation: { shipTo: { email: { required: false } }, billTo: { country: {} } },
  }
  const { claims } = await openSession(harness, { fields })
  assert.deepEqual(claims.ctx, [
    {
      data: {
        requiredFields: [
          'paymentInformation.card.number',
          'paymentInformation.card.type',
          'orderInformation.billTo.country',
        ],
        optionalFields: ['paymentInformation.card.securityCode', 'orderInformation.shipTo.email'],
      },
      type: 'api-0.1.0',
    },
  ])
})

test('gives two one-time sessions neither the same kid nor the same modulus', async (t) => {
  const harness = await start(t)
  const sessions = await Promise.all(Array.from({ length: 6 }, () => openSession(harness)))
  for (const member of ['kid', 'n'] as const) {
    assert.equal(new Set(sessions.map(({ jwk }) => jwk[member])).size, 6)
  }
  for (const member of ['data', 'jti'] as const) {
    const values = sessions.map(({ claims }) => (member === 'jti' ? claims.jti : claims.flx.data))
    assert.equal(new Set(values).size, 6)
  }
})

test('takes flx.origin from the accepting socket where no origin is configured', async (t) => {
  const harness = await start(t)
  const url = await harness.listen()
  assert.equal((await openOverSocket(url)).claims.flx.origin, url)
  const misled = await openOverSocket(url, {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '443',
    'x-forwarded-for': '203.0.113.9',
    forwarded: 'host=evil.example;proto=https',
    origin: 'https://evil.example',
  })
  assert.equal(misled.claims.flx.origin, url)
})

test('takes flx.origin from the configured origin, whatever the proxy in front says', async (t) => {
  const publicOrigin = 'https://pay.example.com'
  const harness = await start(t, { publicOrigin, trustedProxies: ['127.0.0.1'] })
  const session = await openOverSocket(await harness.listen(), {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    'x-forwarded-for': '203.0.113.9',
  })
  assert.equal(session.claims.flx.origin, publicOrigin)
})

test('names every fault of the fields at once', async (t) => {
  const harness = await start(t)
  const reply = await requestSession(harness, {
    fields: {
      paymentInformation: {
        card: {
          number: { required: 'false' },
          pin: {},
          type: true,
          securityCode: { required: false, masked: true },
        },
        bank: {},
      },
      orderInformation: { billTo: [] },
      'paymentInformation.card.number': {},
    },
  })
  const { details } = readErrorOf('VALIDATION_FAILED', reply)
  assert.deepEqual(
    details.map(({ location }) => location),
    [
      'fields.paymentInformation.card.number.required',
      'fields.paymentInformation.card.pin',
      'fields.paymentInformation.card.type',
      'fields.paymentInformation.card.securityCode.masked',
      'fields.paymentInformation.bank',
      'fields.orderInformation.billTo',
      'fields.(unnamed)',
    ],
  )
})

const WITHOUT_FIELDS = ['{}', '{"fields":{}}', '{"fields":[]}', '{"fields":null}', '{"fields":"x"}']

for (const body of [...WITHOUT_FIELDS, '{"fields":{"paymentInformation":{"card":{}}}}']) {
  test(`asks for at least one field instead of ${body}`, async (t) => {
    const { service } = await start(t)
    const reply = await service.app.inject(signByJwt(MERCHANT, { target: TARGET, body }))
    const { details } = readErrorOf('VALIDATION_FAILED', reply)
    assert.deepEqual(details, [{ location: 'fields', message: 'must name at least one field' }])
  })
}

for (const body of ['[]', '"x"', 'null', '1', '{', '', ' ', 'fields=number', "{'fields':{}}"]) {
  test(`refuses ${JSON.stringify(body)} as no JSON object`, async (t) => {
    const { service } = await start(t)
    const reply = await service.app.inject(signByJwt(MERCHANT, { target: TARGET, body }))
    assert.deepEqual(readErrorOf('BODY_NOT_JSON', reply).details, [])
  })
}

test('ignores unknown members of the root', async (t) => {
  const { service } = await start(t)
  const members = { clientReferenceInformation: { code: 'x' }, targetOrigins: [], __proto: 1 }
  const body = JSON.stringify({ ...members, fields: CARD_FIELDS })
  const reply = await service.app.inject(signByJwt(MERCHANT, { target: TARGET, body }))
  assert.equal(reply.statusCode, 201)
})

test('takes no key for a request that is refused', async (t) => {
  const harness = await start(t)
  for (let refused = 0; refused < 20; refused += 1) {
    readErrorOf('VALIDATION_FAILED', await requestSession(harness, { fields: {} }))
  }
  const sessions = await Promise.all(Array.from({ length: 8 }, () => openSession(harness)))
  assert.equal(new Set(sessions.map(({ jwk }) => jwk.n)).size, 8)
})

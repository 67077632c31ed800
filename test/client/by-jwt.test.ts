import { strict as assert } from 'node:assert'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'

import { jwtVerify } from 'jose'

import { createClient } from '../../src/client/index.ts'
import { startHost, type Received } from './host.ts'
import { JWT, MERCHANT, REQUEST, SECRET } from './merchant.ts'

const NOW = new Date('2026-11-22T09:05:07.890Z')
const IAT = 1_795_338_307
const SIGNED = { ...MERCHANT, now: () => NOW } as const
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Verifies a received JWT twice, by node:crypto and by jose, and returns header and claims. */
async function verifyReceived(received: Received | undefined) {
  const [, jwt = ''] = /^Bearer (\S+)$/.exec(received?.headers.get('authorization') ?? '') ?? []
  const key = Buffer.from(SECRET, 'base64')
  const [header = '', claims = '', mac] = jwt.split('.')
  assert.equal(mac, createHmac('sha256', key).update(`${header}.${claims}`).digest('base64url'))
  const { protectedHeader, payload } = await jwtVerify(jwt, key, { currentDate: NOW })
  return { header: protectedHeader, claims: payload }
}

test('jwt is the default, and binds a POST with all claims of version 2', async (t) => {
  const host = await startHost(t, () => ({ status: 201, body: JWT }))
  await createClient({ ...SIGNED, url: host.origin }).generateFlexAPICaptureContext(REQUEST)
  const [received] = host.received
  const { header, claims } = await verifyReceived(received)
  assert.deepEqual(header, { typ: 'JWT', alg: 'HS256', kid: MERCHANT.keyId })
  assert.match(claims.jti ?? '', UUID_V4)
  assert.deepEqual(claims, {
    digest: createHash('sha256')
      .update(received?.body ?? '')
      .digest('base64'),
    digestAlgorithm: 'SHA-256',
    iat: IAT,
    exp: IAT + 120,
    'request-method': 'post',
    'request-resource-path': '/flex/v2/sessions',
    'request-host': host.name,
    iss: 'testmid',
    jti: claims.jti,
    'v-c-jwt-version': '2',
    'v-c-merchant-id': 'testmid',
  })
  assert.equal(received?.headers.has('signature'), false)
  assert.equal(received?.headers.has('v-c-merchant-id'), false)
})

test('a GET has no digest and names the path as it was received', async (t) => {
  const host = await startHost(t, () => ({ body: '{}' }))
  await createClient({ ...SIGNED, url: host.origin }).getPaymentDetails(JWT)
  const [received] = host.received
  const { claims } = await verifyReceived(received)
  assert.equal(claims['request-method'], 'get')
  assert.equal(claims['request-resource-path'], received?.target)
  assert.equal('digest' in claims, false)
  assert.equal('digestAlgorithm' in claims, false)
})

test('the host option names the gateway in request-host', async (t) => {
  const host = await startHost(t, () => ({ body: '{}' }))
  const client = createClient({ ...SIGNED, url: host.origin, host: 'api.example.com:8443' })
  await client.getPaymentDetails(JWT)
  const { claims } = await verifyReceived(host.received[0])
  assert.equal(claims['request-host'], 'api.example.com:8443')
})

test('no two requests have the same jti', async (t) => {
  const host = await startHost(t, () => ({ body: '{}' }))
  const client = createClient({ ...SIGNED, url: host.origin })
  await Promise.all([1, 2, 3, 4].map(() => client.getPaymentDetails(JWT)))
  const verified = await Promise.all(host.received.map(verifyReceived))
  assert.equal(new Set(verified.map(({ claims }) => claims.jti)).size, 4)
})

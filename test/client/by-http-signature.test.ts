import { strict as assert } from 'node:assert'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'

import { createClient } from '../../src/client/index.ts'
import { startHost, type Received } from './host.ts'
import { JWT, MERCHANT, REQUEST, SECRET } from './merchant.ts'

const NOW = new Date('2026-11-22T09:05:07.890Z')
const SIGNED = { ...MERCHANT, authentication: 'http_signature', now: () => NOW } as const
const SIGNATURE =
  /^keyid="([^"]+)", algorithm="HmacSHA256", headers="([^"]+)", signature="([A-Za-z0-9+/]{43}=)"$/

/** Verifies a received request as a service would, by node:crypto and the received values alone. */
function verifyReceived({ method, target, headers }: Received): readonly string[] {
  const [, keyId, list = '', signature] = SIGNATURE.exec(headers.get('signature') ?? '') ?? []
  assert.equal(keyId, MERCHANT.keyId)
  const names = list.split(' ')
  const lines = names.map((name) => {
    if (name === 'request-target') return `${name}: ${method.toLowerCase()} ${target}`
    const fallback = name === 'date' ? headers.get('v-c-date') : undefined
    return `${name}: ${headers.get(name) ?? fallback}`
  })
  const mac = createHmac('sha256', Buffer.from(SECRET, 'base64')).update(lines.join('\n'))
  assert.equal(signature, mac.digest('base64'))
  return names
}

test('a signed POST verifies at the service, over what the service received', async (t) => {
  const host = await startHost(t, () => ({ status: 201, body: JWT }))
  await createClient({ ...SIGNED, url: host.origin }).generateFlexAPICaptureContext(REQUEST)
  const [received] = host.received
  assert.ok(received)
  const names = verifyReceived(received)
  assert.deepEqual(names, ['host', 'date', 'request-target', 'digest', 'v-c-merchant-id'])
  assert.equal(received.headers.get('host'), host.name)
  assert.equal(received.headers.get('date'), 'Sun, 22 Nov 2026 09:05:07 GMT')
  assert.equal(received.headers.get('v-c-date'), received.headers.get('date'))
  assert.equal(received.headers.get('v-c-merchant-id'), 'testmid')
  const sha256 = createHash('sha256').update(received.body).digest('base64')
  assert.equal(received.headers.get('digest'), `SHA-256=${sha256}`)
})

test('a signed GET verifies at the service and has no digest', async (t) => {
  const host = await startHost(t, () => ({ body: '{}' }))
  await createClient({ ...SIGNED, url: host.origin }).getPaymentDetails(JWT)
  const [received] = host.received
  assert.ok(received)
  const names = verifyReceived(received)
  assert.deepEqual(names, ['host', 'date', 'request-target', 'v-c-merchant-id'])
  assert.equal(received.headers.has('digest'), false)
  assert.equal(received.headers.has('content-type'), false)
})

test('a body outside ASCII is digested as the bytes that are sent', async (t) => {
  const host = await startHost(t, () => ({ status: 201, body: JWT }))
  const request = { ...REQUEST, note: 'Ærø – 東京' }
  await createClient({ ...SIGNED, url: host.origin }).generateFlexAPICaptureContext(request)
  const [received] = host.received
  const sha256 = createHash('sha256')
    .update(received?.body ?? '')
    .digest('base64')
  assert.equal(received?.headers.get('digest'), `SHA-256=${sha256}`)
  assert.deepEqual(JSON.parse(received?.body ?? ''), request)
})

test('where the runtime drops the date, as browsers do, v-c-date carries the signed time', async (t) => {
  const host = await startHost(t, () => ({ body: '{}' }))
  const browserFetch: typeof fetch = async (url, init) => {
    const headers = new Headers(init?.headers)
    headers.delete('date')
    return fetch(url, { ...init, headers })
  }
  const client = createClient({ ...SIGNED, url: host.origin, fetch: browserFetch })
  await client.getPaymentDetails(JWT)
  const [received] = host.received
  assert.ok(received)
  assert.equal(received.headers.has('date'), false)
  verifyReceived(received)
})

test('fetch sends the host of the url whatever the option says, which is signed for the proxy’s sake', async (t) => {
  const host = await startHost(t, () => ({ body: '{}' }))
  const client = createClient({ ...SIGNED, url: host.origin, host: 'api.example.com' })
  await client.getPaymentDetails(JWT)
  const [received] = host.received
  assert.ok(received)
  assert.equal(received.headers.get('host'), host.name)
  const rewritten = new Map([...received.headers, ['host', 'api.example.com']])
  verifyReceived({ ...received, headers: rewritten })
})

import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { createClient, FlexError, getPublicKey } from '../../src/client/index.ts'
import { startHost } from './host.ts'
import { JWT, MERCHANT, REQUEST } from './merchant.ts'
import { rejectsWith } from './rejects.ts'

test('a host that does not answer in time is a TIMEOUT', async (t) => {
  const host = await startHost(t, () => ({ silent: true }))
  const call = getPublicKey('zu', { origin: host.origin, timeoutSeconds: 0.0501 })
  const error = await rejectsWith('TIMEOUT', call)
  assert.equal(error.status, 0)
})

test('a reply whose body does not end in time is a TIMEOUT', async () => {
  const slowFetch: typeof fetch = async (_url, init) => {
    const body = new ReadableStream({
      start(controller) {
        init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason))
      },
    })
    return new Response(body)
  }
  const options = { origin: 'https://api.example.com', fetch: slowFetch, timeoutSeconds: 0.02 }
  await rejectsWith('TIMEOUT', getPublicKey('zu', options))
})

test('a host that cannot be reached is a NETWORK_ERROR with the system’s code', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const client = createClient({ ...MERCHANT, url: `http://127.0.0.1:${port}` })
  const error = await rejectsWith('NETWORK_ERROR', client.generateFlexAPICaptureContext(REQUEST))
  assert.equal(error.status, 0)
  assert.equal(error.message, 'The service could not be reached: ECONNREFUSED')
})

test('nothing of what fetch throws reaches the caller but a code: it may quote a URL with a token', async () => {
  const thrown = [
    new TypeError(`Failed to fetch ${JWT}`, { cause: new Error(JWT) }),
    new TypeError('x', { cause: Object.assign(new Error(JWT), { code: JWT }) }),
    JWT,
    null,
  ]
  for (const error of thrown) {
    const failingFetch: typeof fetch = async () => {
      AbortSignal.abort(error).throwIfAborted()
      return new Response(null)
    }
    const client = createClient({ ...MERCHANT, url: 'https://a.example', fetch: failingFetch })
    const caught = await rejectsWith('NETWORK_ERROR', client.getPaymentDetails(JWT))
    assert.equal(inspect(caught, { depth: 9, showHidden: true }).includes(JWT), false)
    assert.equal(caught.cause, undefined)
  }
})

test('a redirect is refused and never followed', async (t) => {
  for (const status of [301, 302, 303, 307, 308]) {
    const trap = await startHost(t, () => ({ status: 201, body: JWT }))
    const headers = { location: `${trap.origin}/flex/v2/sessions`, 'v-c-correlation-id': 'c-2' }
    const host = await startHost(t, () => ({ status, headers }))
    const client = createClient({ ...MERCHANT, url: host.origin })
    const error = await rejectsWith('REDIRECTED', client.generateFlexAPICaptureContext(REQUEST))
    assert.equal(error.status, status)
    assert.equal(error.correlationId, 'c-2')
    assert.equal(trap.received.length, 0)
  }
})

test('a redirect that a browser hides is refused as well', async () => {
  const opaque = new Response(null)
  Object.defineProperties(opaque, {
    type: { value: 'opaqueredirect' },
    status: { value: 0 },
    ok: { value: false },
  })
  const options = { origin: 'https://api.example.com', fetch: async () => opaque }
  const error = await rejectsWith('REDIRECTED', getPublicKey('zu', options))
  assert.equal(error.status, 0)
})

test('an error reply becomes a FlexError with all that it says', async (t) => {
  const body = JSON.stringify({
    correlationId: 'from-the-body',
    details: [{ location: 'fields', message: 'must name at least one field' }],
    message: 'One or more validation errors occurred',
    reason: 'VALIDATION_ERROR',
  })
  const headers = { 'v-c-correlation-id': 'from-the-header', 'retry-after': '7' }
  const host = await startHost(t, () => ({ status: 400, headers, body }))
  const client = createClient({ ...MERCHANT, url: host.origin })
  const error = await rejectsWith('VALIDATION_ERROR', client.generateFlexAPICaptureContext(REQUEST))
  assert.ok(error instanceof Error && error instanceof FlexError)
  assert.equal(error.name, 'FlexError')
  assert.equal(error.status, 400)
  assert.equal(error.message, 'One or more validation errors occurred')
  assert.equal(error.correlationId, 'from-the-header')
  assert.equal(error.retryAfterSeconds, 7)
  assert.deepEqual(error.details, [{ location: 'fields', message: 'must name at least one field' }])
})

test('the correlation id of the body stands in where the header has none', async (t) => {
  const body = '{"correlationId":"from-the-body","reason":"INTERNAL_ERROR"}'
  const host = await startHost(t, () => ({ status: 500, headers: { 'retry-after': 'soon' }, body }))
  const client = createClient({ ...MERCHANT, url: host.origin })
  const error = await rejectsWith('INTERNAL_ERROR', client.getPaymentDetails(JWT))
  assert.equal(error.correlationId, 'from-the-body')
  assert.equal(error.retryAfterSeconds, undefined)
})

test('a refusal without a reason is named by its status', async (t) => {
  const cases = [
    [
      401,
      'AUTHENTICATION_FAILED',
      '{"response":{"rmsg":"Authentication Failed"}}',
      'Authentication Failed',
    ],
    [404, 'NOT_FOUND', '', 'The service replied with status 404'],
    [502, 'HTTP_ERROR', '<html>Bad Gateway</html>', 'The service replied with status 502'],
  ] as const
  for (const [status, reason, body, message] of cases) {
    const host = await startHost(t, () => ({ status, body }))
    const client = createClient({ ...MERCHANT, url: host.origin })
    const error = await rejectsWith(reason, client.getPaymentDetails(JWT))
    assert.equal(error.status, status)
    assert.equal(error.message, message)
    assert.deepEqual(error.details, [])
  }
})

import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { createClient } from '../../src/client/index.ts'
import { startHost } from './host.ts'
import { JWT, MERCHANT, REQUEST } from './merchant.ts'
import { rejectsWith } from './rejects.ts'

test('a session is asked for as the wire has it', async (t) => {
  const host = await startHost(t, () => ({ status: 201, body: JWT }))
  const client = createClient({ ...MERCHANT, url: `${host.origin}/` })
  assert.equal(await client.generateFlexAPICaptureContext(REQUEST), JWT)
  const [received] = host.received
  assert.equal(received?.method, 'POST')
  assert.equal(received?.target, '/flex/v2/sessions')
  assert.equal(received?.headers.get('accept'), 'application/jwt')
  assert.equal(received?.headers.get('content-type'), 'application/json;charset=utf-8')
  assert.deepEqual(JSON.parse(received?.body ?? ''), REQUEST)
})

test('the quotes that some services put around the JWT are taken off', async (t) => {
  const host = await startHost(t, () => ({ status: 200, body: `"${JWT}"\n` }))
  const client = createClient({ ...MERCHANT, url: host.origin })
  assert.equal(await client.generateFlexAPICaptureContext(REQUEST), JWT)
})

test('a successful reply that is not a JWT is refused, not handed on', async (t) => {
  for (const body of ['', '{"a":1}', '<html>', `${JWT}.x`, `"${JWT}`, 'a.b', '"']) {
    const headers = { 'v-c-correlation-id': 'c-1' }
    const host = await startHost(t, () => ({ status: 200, headers, body }))
    const client = createClient({ ...MERCHANT, url: host.origin })
    const error = await rejectsWith('REPLY_INVALID', client.generateFlexAPICaptureContext(REQUEST))
    assert.equal(error.status, 200)
    assert.equal(error.correlationId, 'c-1')
  }
})

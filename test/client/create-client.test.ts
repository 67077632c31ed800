import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { inspect } from 'node:util'

import { createClient } from '../../src/client/index.ts'
import { startHost } from './host.ts'
import { JWT, MERCHANT, REQUEST, SECRET } from './merchant.ts'
import { rejectsWith, throwsWith } from './rejects.ts'

const URL_OF_HOST = 'https://api.example.com'
const VALID = { ...MERCHANT, url: URL_OF_HOST }

test('a client is made of an origin, with or without a slash at its end', () => {
  for (const url of [URL_OF_HOST, `${URL_OF_HOST}/`, 'http://127.0.0.1:4010', 'http://[::1]:80']) {
    assert.ok(createClient({ ...VALID, url }))
  }
})

test('an option that cannot be used is refused by name, without quoting it', () => {
  const secretive = 'do-not-quote-me'
  const wrong = [
    ['url', { url: `https://${secretive}.example.com/path` }],
    ['url', { url: `https://user:${secretive}@api.example.com` }],
    ['url', { url: `ftp://${secretive}` }],
    ['url', { url: `${secretive}.example.com` }],
    ['url', { url: 'https://[' }],
    ['merchantId', { merchantId: `${secretive}"` }],
    ['merchantId', { merchantId: '' }],
    ['keyId', { keyId: `${secretive}\r\nx: y` }],
    ['keyId', { keyId: `${secretive}\\` }],
    ['host', { host: `${secretive} ` }],
    ['secret', { secret: `${secretive}!` }],
    ['secret', { secret: '' }],
    ['secret', { secret: 'AAAAA' }],
    ['timeoutSeconds', { timeoutSeconds: 0 }],
    ['timeoutSeconds', { timeoutSeconds: Number.NaN }],
    ['timeoutSeconds', { timeoutSeconds: 1e9 }],
  ] as const
  for (const [name, option] of wrong) {
    const error = throwsWith('OPTIONS_INVALID', () => createClient({ ...VALID, ...option }))
    assert.match(error.message, new RegExp(`: ${name} must`))
    assert.doesNotMatch(inspect(error), /do-not-quote-me/)
    assert.equal(error.status, 0)
  }
})

test('a caller without types is refused as well when it leaves an option out', () => {
  for (const name of ['url', 'merchantId', 'keyId', 'secret']) {
    const options = { ...VALID, [name]: undefined } as never
    throwsWith('OPTIONS_INVALID', () => createClient(options))
  }
  const options = { ...VALID, authentication: 'toString' } as never
  throwsWith('OPTIONS_INVALID', () => createClient(options))
})

test('neither printing nor serialising a client shows its secret, before and after its use', async (t) => {
  const host = await startHost(t, () => ({ status: 201, body: JWT }))
  const client = createClient({ ...MERCHANT, url: host.origin })
  const shown = () =>
    inspect(client, { depth: Infinity, showHidden: true, getters: true }) + JSON.stringify(client)
  const before = shown()
  await client.generateFlexAPICaptureContext(REQUEST)
  const bytes = Buffer.from(SECRET, 'base64')
  for (const text of [before, shown()]) {
    for (const secret of [SECRET, bytes.toString(), bytes.toString('hex')]) {
      assert.equal(text.includes(secret), false)
    }
  }
})

test('the operations need no this', async (t) => {
  const host = await startHost(t, () => ({ status: 201, body: JWT }))
  const { generateFlexAPICaptureContext } = createClient({ ...MERCHANT, url: host.origin })
  assert.equal(await generateFlexAPICaptureContext(REQUEST), JWT)
})

test('fetch is called without this, because browsers refuse any other', async () => {
  const receivers: unknown[] = []
  const strictFetch: typeof fetch = async function (this: unknown) {
    receivers.push(this)
    return new Response(JWT, { status: 201 })
  }
  await createClient({ ...VALID, fetch: strictFetch }).generateFlexAPICaptureContext(REQUEST)
  assert.deepEqual(receivers, [undefined])
})

test('calls at the same time share the imported secret', async (t) => {
  const host = await startHost(t, () => ({ status: 201, body: JWT }))
  const client = createClient({ ...MERCHANT, url: host.origin })
  const calls = [1, 2, 3].map(() => client.generateFlexAPICaptureContext(REQUEST))
  assert.deepEqual(await Promise.all(calls), [JWT, JWT, JWT])
})

test('a call that its caller aborts ends as ABORTED', async (t) => {
  const host = await startHost(t, () => ({ silent: true }))
  const client = createClient({ ...MERCHANT, url: host.origin })
  const abort = new AbortController()
  const call = client.generateFlexAPICaptureContext(REQUEST, { signal: abort.signal })
  setTimeout(() => abort.abort(), 20)
  await rejectsWith('ABORTED', call)
  await rejectsWith('ABORTED', client.getPaymentDetails(JWT, { signal: AbortSignal.abort() }))
})

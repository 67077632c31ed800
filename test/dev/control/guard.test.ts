import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'
import { exchange, readReply } from '../../raw-http.ts'
import { start, taken, type Started } from '../started.ts'

let emulator: Started
let stop: () => unknown
before(async () => {
  emulator = await start({ after: (end) => void (stop = end as () => unknown) })
})
after(() => stop())

interface Call {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Sends a call header by header; a loopback Host and JSON unless told otherwise. */
async function call({
  method = 'GET',
  path = '/_dev/state',
  headers = {},
  body = '',
}: Call): Promise<number> {
  const { host } = new URL(emulator.url)
  const all = {
    host,
    ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const text = `${method} ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
  return readReply(await exchange(emulator.url, text)).statusCode
}

for (const host of [
  'localhost',
  'localhost:4010',
  'shop.localhost:1',
  '127.0.0.1:4010',
  '127.1.2.3',
  '[::1]:4010',
]) {
  test(`a call to ${host} is answered`, async () => {
    assert.equal(await call({ headers: { host } }), 200)
  })
}

for (const host of [
  'evil.example',
  'evil.example:4010',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '10.0.0.1',
  '',
  'localhost@evil.example',
]) {
  test(`a call to the Host "${host}", which DNS may have bound to loopback, is refused`, async () => {
    for (const path of ['/_dev/state', '/_dev/events', '/console/', '/_dev/nothing']) {
      assert.equal(await call({ path, headers: { host } }), 403, path)
    }
  })
}

test('the service itself is called by any Host, as official clients do', async () => {
  assert.equal(
    await call({ path: '/.well-known/jwks.json', headers: { host: 'apitest.cybersource.com' } }),
    200,
  )
})

for (const headers of [
  { origin: 'https://evil.example' },
  { origin: 'null' },
  { origin: 'http://localhost:1' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
]) {
  test(`a call with ${JSON.stringify(headers)} is refused, and changes nothing`, async () => {
    const body = '{"action":"freeze"}'
    assert.equal(await call({ method: 'POST', path: '/_dev/clock', headers, body }), 403)
    assert.equal(await call({ headers }), 403)
    assert.equal(emulator.clock.state().mode, 'running')
  })
}

test('a call of the console itself is answered', async () => {
  const headers = { origin: emulator.url, 'sec-fetch-site': 'same-origin' }
  assert.equal(await call({ method: 'POST', path: '/_dev/reset', headers, body: '{}' }), 200)
})

for (const type of [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'text/plain;application/json',
  '',
]) {
  test(`a POST declared as "${type}" is refused, and changes nothing`, async () => {
    const headers = { 'content-type': type }
    const body = '{"action":"freeze"}'
    assert.equal(await call({ method: 'POST', path: '/_dev/clock', headers, body }), 415)
    assert.equal(emulator.clock.state().mode, 'running')
  })
}

test('a preflight is refused, and no reply allows another origin anything', async () => {
  const reply = await fetch(`${emulator.url}/_dev/state`, { method: 'OPTIONS' })
  assert.equal(reply.status, 405)
  const state = await fetch(`${emulator.url}/_dev/state`)
  const names = [...reply.headers.keys(), ...state.headers.keys()]
  assert.deepEqual(
    names.filter((name) => name.startsWith('access-control')),
    [],
  )
  assert.equal(state.headers.get('cache-control'), 'no-store')
})

test('a call that is wrong is answered with 400 and the call that would be right', async () => {
  const { status, json } = await emulator.control('POST', '/_dev/clock', {
    action: 'advance',
    by: 'later',
  })
  assert.equal(status, 400)
  assert.match(json.error.problem as string, /"by"/)
  assert.match(json.error.fix as string, /POST \/_dev\/clock \{"action":"advance","by":"15m"\}/)
  taken(
    await emulator.control(
      json.error.example.method as string,
      json.error.example.path as string,
      json.error.example.body,
    ),
  )
  await emulator.reset()
})

const WRONG: readonly (readonly [string, string, unknown])[] = [
  ['POST', '/_dev/clock', {}],
  ['POST', '/_dev/clock', { action: 'stop' }],
  ['POST', '/_dev/clock', { action: 'set' }],
  ['POST', '/_dev/clock', { action: 'freeze', at: 'noon' }],
  ['POST', '/_dev/clock', { action: 'freeze', until: 1 }],
  ['POST', '/_dev/clock', { action: 'freeze', signaturesFollow: 'yes' }],
  ['POST', '/_dev/clock', []],
  ['POST', '/_dev/faults', { kind: 'error' }],
  ['POST', '/_dev/reset', { store: 'all' }],
  ['POST', '/_dev/tokens', { number: 4111 }],
  ['POST', '/_dev/tokens', { data: {}, number: '4111111111111111' }],
  ['POST', '/_dev/tokens', { merchant: 'nobody' }],
  ['POST', '/_dev/inspect', {}],
  ['POST', '/_dev/inspect', { text: 'no token' }],
  ['GET', '/_dev/requests?limit=many', undefined],
  ['GET', '/_dev/requests?after=12', undefined],
  ['GET', '/_dev/requests?who=me', undefined],
]

for (const [method, path, body] of WRONG) {
  test(`${method} ${path} ${JSON.stringify(body) ?? ''} is refused with an example`, async () => {
    const { status, json } = await emulator.control(method, path, body)
    assert.equal(status, 400)
    assert.ok((json.error.problem as string).endsWith('.') && json.error.fix !== '')
    assert.ok((json.error.example.path as string).startsWith('/_dev/'))
    assert.equal(emulator.clock.state().mode, 'running')
  })
}

test('an unknown path, request and session are 404, another method 405', async () => {
  for (const path of [
    '/_dev',
    '/_dev/',
    '/_dev/other',
    '/_dev/requests/r999',
    '/_dev/sessions/none',
  ]) {
    const { status, json } = await emulator.control('GET', path)
    assert.equal(status, 404, path)
    assert.ok(json.error.fix)
  }
  assert.equal((await emulator.control('DELETE', '/_dev/clock')).status, 405)
})

test('off loopback a call needs the token, and then any Host will do', async (t) => {
  const { networkInterfaces } = await import('node:os')
  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)
  if (address === undefined) {
    t.skip('this machine has no address but loopback')
    return
  }
  const open = await start(t, { listen: (app) => app.listen({ host: address.address, port: 0 }) })
  const state = `${open.url}/_dev/state`
  assert.equal((await fetch(state)).status, 401)
  const authorization = `Bearer ${open.devToken}`
  assert.equal((await fetch(state, { headers: { authorization } })).status, 200)
  assert.equal((await fetch(`${state}?token=${open.devToken}`)).status, 200)
  assert.equal((await fetch(`${state}?token=wrong`)).status, 401)
})

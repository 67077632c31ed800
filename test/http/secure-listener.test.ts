import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import {
  createLocalAuthority,
  type LocalAuthority,
} from '../../src/certificates/local-authority.ts'
import { systemClock, systemRandom } from '../../src/clock-and-random.ts'
import { addSecureListener, type SecureListener } from '../../src/http/secure-listener.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { readErrorOf } from '../error-reply.ts'
import { startHarness, type Harness } from '../harness.ts'
import { get } from '../https.ts'
import { readReply } from '../raw-http.ts'

const NEEDS = { now: systemClock, random: systemRandom }
const HOST = '127.0.0.1'
const KEY_PATH = '/flex/v2/public-keys/dv'

interface Secured {
  readonly harness: Harness
  readonly listener: SecureListener
  readonly local: LocalAuthority
  readonly port: number
  readonly url: string
  readonly warnings: string[]
}

/** A service that listens with TLS alone, as `serve` does. */
async function startSecured(): Promise<Secured> {
  const harness = await startHarness({ explain: false })
  const local = await createLocalAuthority({ hosts: [HOST], ...NEEDS })
  const warnings: string[] = []
  const logger = {
    warn: (message: string, fields?: object) =>
      void warnings.push(`${message} ${JSON.stringify(fields)}`),
  }
  const listener = addSecureListener(harness.service.app, { pair: local, logger })
  const port = await listener.listen({ host: HOST, port: 0 })
  return { harness, listener, local, port, url: `https://${HOST}:${port}`, warnings }
}

let shared: Secured
before(async () => {
  shared = await startSecured()
})
after(() => shared.harness.close())

/** Sends bytes over TLS and resolves to all that came back once the service has closed the connection. */
async function exchange(
  { port, local }: Secured,
  bytes: string,
  options: ConnectionOptions = {},
): Promise<string> {
  const socket = connectTls({ port, host: HOST, ca: local.caPem, ...options })
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  await once(socket, 'secureConnect')
  socket.write(bytes)
  await once(socket, 'close')
  return Buffer.concat(received).toString()
}

const END = 'connection: close\r\n\r\n'
const TOKENS = 'POST /flex/v2/tokens HTTP/1.1\r\nhost: x\r\n'

const BROKEN: readonly (readonly [string, ErrorCode, string])[] = [
  ['words', 'REQUEST_MALFORMED', 'hello, is anybody there?\r\n\r\n'],
  ['no host', 'REQUEST_MALFORMED', `GET ${KEY_PATH} HTTP/1.1\r\n${END}`],
  ['two lengths', 'REQUEST_MALFORMED', `${TOKENS}content-length: 1\r\ncontent-length: 2\r\n${END}`],
  [
    'a header of 20 KB',
    'HEADERS_TOO_LARGE',
    `GET / HTTP/1.1\r\nhost: x\r\na: ${'a'.repeat(20_000)}\r\n${END}`,
  ],
  ['a body of 70 KB', 'BODY_TOO_LARGE', `${TOKENS}content-length: 70000\r\n${END}`],
]

for (const [what, code, bytes] of BROKEN) {
  test(`over TLS, ${what} gets the answer that it gets without`, async () => {
    readErrorOf(code, readReply(await exchange(shared, bytes)))
  })
}

test('over TLS, a caller that ends its side behind its request is answered', async () => {
  const { port, local } = shared
  const options = { port, host: HOST, ca: local.caPem, allowHalfOpen: true }
  const socket = connectTls(options)
  socket.end(`GET ${KEY_PATH} HTTP/1.1\r\nhost: x\r\n\r\n`)
  assert.equal(readReply(await text(socket)).statusCode, 200)
})

test('over TLS, an expectation that is not known is ignored', async () => {
  const bytes = `GET ${KEY_PATH} HTTP/1.1\r\nhost: x\r\nexpect: magic\r\n${END}`
  assert.equal(readReply(await exchange(shared, bytes)).statusCode, 200)
})

test(
  'callers that fall silent are let go after 10 seconds, in their handshake or after it',
  { timeout: 20_000 },
  async () => {
    const startedAt = performance.now()
    const seconds = (): number => (performance.now() - startedAt) / 1000
    const silent = connect(shared.port, HOST)
    silent.resume()
    const ended = once(silent, 'close').then(seconds)
    const slow = ['', TOKENS, `${TOKENS}content-length: 100\r\n\r\nabc`].map(async (bytes) => {
      readErrorOf('REQUEST_TIMEOUT', readReply(await exchange(shared, bytes)))
      return seconds()
    })
    for (const took of await Promise.all([ended, ...slow])) {
      assert.ok(took > 9 && took < 14, `${took} s`)
    }
  },
)

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version} is spoken`, async () => {
    const limits = { minVersion: version, maxVersion: version }
    const { status } = await get(shared.url + KEY_PATH, shared.local.caPem, limits)
    assert.equal(status, 200)
  })
}

test('TLS 1.1 is refused, and the log says so', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  await assert.rejects(get(shared.url + KEY_PATH, shared.local.caPem, old), /protocol version/)
  assert.ok(shared.warnings.some((line) => line.includes('speaks no TLS 1.2')))
})

test('http to the https port is refused, and the log says so', async () => {
  await assert.rejects(fetch(shared.url.replace('https:', 'http:')))
  assert.ok(shared.warnings.some((line) => line.includes('spoke http to the https port')))
})

test('a client that trusts the authority of another run accepts nothing', async () => {
  const other = await createLocalAuthority({ hosts: [HOST], ...NEEDS })
  await assert.rejects(get(shared.url + KEY_PATH, other.caPem), {
    code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  })
})

test('connections that are open go on after a renewal, and new ones see the new certificate', async (t) => {
  const secured = await startSecured()
  t.after(() => secured.harness.close())
  const socket = connectTls({ port: secured.port, host: HOST, ca: secured.local.caPem })
  await once(socket, 'secureConnect')
  const next = await createLocalAuthority({ hosts: [HOST], ...NEEDS })
  secured.listener.renew(next)
  socket.write(`GET ${KEY_PATH} HTTP/1.1\r\nhost: x\r\n${END}`)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  assert.match(chunk.toString(), /^HTTP\/1\.1 200 /)
  assert.equal((await get(secured.url + KEY_PATH, next.caPem)).status, 200)
  await assert.rejects(get(secured.url + KEY_PATH, secured.local.caPem))
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' } as const
  await assert.rejects(get(secured.url + KEY_PATH, next.caPem, old), /protocol version/)
})

for (const what of ['unused', 'idle']) {
  test(`closing lets ${what} connections and unfinished handshakes go, and waits for nothing else`, async () => {
    const secured = await startSecured()
    const silent = connect(secured.port, HOST)
    const idle = connectTls({ port: secured.port, host: HOST, ca: secured.local.caPem })
    for (const socket of [silent, idle]) socket.on('error', () => undefined).resume()
    await Promise.all([once(silent, 'connect'), once(idle, 'secureConnect')])
    if (what === 'idle') {
      idle.write(`GET ${KEY_PATH} HTTP/1.1\r\nhost: x\r\n\r\n`)
      await once(idle, 'data')
    }
    const startedAt = performance.now()
    await secured.harness.close()
    assert.ok(performance.now() - startedAt < 2000)
  })
}

test('closing lets connections without TLS go that were never used', async () => {
  const harness = await startHarness()
  const url = await harness.listen()
  const unused = connect(Number(new URL(url).port), HOST)
  unused.on('error', () => undefined).resume()
  await once(unused, 'connect')
  // The service has to know of it.
  assert.equal((await fetch(url)).status, 404)
  const startedAt = performance.now()
  await harness.close()
  assert.ok(performance.now() - startedAt < 2000)
})

import { strict as assert } from 'node:assert'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

import { ERRORS, type ErrorCode } from '../../src/errors.ts'
import { correlationIdOf, readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS, encryptData, openSession } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { ask, exchange, readReply, writeRequest } from '../raw-http.ts'
import { signByHttpSignature, signByJwt } from '../signed-request.ts'

let harness: Harness
let url: string

before(async () => {
  harness = await startHarness({ explain: false })
  url = await harness.listen()
})
after(() => harness.close())

const HOST = 'host: x\r\n'
const CLOSE = 'connection: close\r\n'
const END = `${CLOSE}\r\n`
const TOKENS = `POST /flex/v2/tokens HTTP/1.1\r\n${HOST}`

/** Bytes that are no request, or one that is refused before any operation sees it. */
const BROKEN: readonly (readonly [string, ErrorCode, string])[] = [
  ['words', 'REQUEST_MALFORMED', 'hello, is anybody there?\r\n\r\n'],
  ['a TLS handshake', 'REQUEST_MALFORMED', '\u0016\u0003\u0001\u0002\u0000\u0001'],
  ['a preface of HTTP/2', 'REQUEST_MALFORMED', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['NUL bytes', 'REQUEST_MALFORMED', '\u0000'.repeat(40)],
  ['an unknown method', 'REQUEST_MALFORMED', `HACK / HTTP/1.1\r\n${HOST}${END}`],
  ['no host', 'REQUEST_MALFORMED', `GET /flex/v2/public-keys/dv HTTP/1.1\r\n${END}`],
  ['two hosts', 'REQUEST_MALFORMED', `GET / HTTP/1.1\r\n${HOST}Host: x\r\n${END}`],
  ['two hosts in HTTP/1.0', 'REQUEST_MALFORMED', `GET / HTTP/1.0\r\n${HOST}${HOST}${END}`],
  ['a folded header', 'REQUEST_MALFORMED', `GET / HTTP/1.1\r\n${HOST}a: b\r\n c\r\n${END}`],
  ['a bare CR', 'REQUEST_MALFORMED', `GET / HTTP/1.1\r\n${HOST}a: b\rc\r\n${END}`],
  ['a NUL in a header', 'REQUEST_MALFORMED', `GET / HTTP/1.1\r\n${HOST}a: \u0000\r\n${END}`],
  ['a space before a colon', 'REQUEST_MALFORMED', `GET / HTTP/1.1\r\n${HOST}a : b\r\n${END}`],
  ['a length that is no number', 'REQUEST_MALFORMED', `${TOKENS}content-length: 1x\r\n${END}x`],
  ['a length below zero', 'REQUEST_MALFORMED', `${TOKENS}content-length: -1\r\n${END}`],
  [
    'two lengths',
    'REQUEST_MALFORMED',
    `${TOKENS}content-length: 1\r\ncontent-length: 2\r\n${END}xx`,
  ],
  [
    'a length and chunks',
    'REQUEST_MALFORMED',
    `${TOKENS}content-length: 1\r\ntransfer-encoding: chunked\r\n${END}0\r\n\r\n`,
  ],
  [
    'a coding that is not chunked',
    'REQUEST_MALFORMED',
    `${TOKENS}transfer-encoding: gzip\r\n${END}x`,
  ],
  [
    'a chunk without a size',
    'REQUEST_MALFORMED',
    `${TOKENS}transfer-encoding: chunked\r\n${END}zz\r\n`,
  ],
  [
    'a header of 20 KB',
    'HEADERS_TOO_LARGE',
    `GET / HTTP/1.1\r\n${HOST}a: ${'a'.repeat(20_000)}\r\n${END}`,
  ],
  [
    'many headers',
    'HEADERS_TOO_LARGE',
    `GET / HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(3000)}${END}`,
  ],
  ['a path of 20 KB', 'HEADERS_TOO_LARGE', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HOST}${END}`],
  [
    'a path parameter of 9 KB',
    'REQUEST_MALFORMED',
    `GET /flex/v2/public-keys/${'a'.repeat(9000)} HTTP/1.1\r\n${HOST}${END}`,
  ],
  [
    'a bad percent-encoding',
    'REQUEST_MALFORMED',
    `GET /flex/v2/public-keys/%zz HTTP/1.1\r\n${HOST}${END}`,
  ],
  [
    'half a percent-encoding',
    'REQUEST_MALFORMED',
    `GET /flex/v2/public-keys/a% HTTP/1.1\r\n${HOST}${END}`,
  ],
  [
    'UTF-8 cut in half',
    'REQUEST_MALFORMED',
    `GET /flex/v2/public-keys/%E0%A4%A HTTP/1.1\r\n${HOST}${END}`,
  ],
  [
    'overlong UTF-8',
    'REQUEST_MALFORMED',
    `GET /flex/v2/public-keys/%C0%AF HTTP/1.1\r\n${HOST}${END}`,
  ],
  [
    'a GET with a body',
    'REQUEST_MALFORMED',
    `GET /flex/v2/public-keys/dv HTTP/1.1\r\n${HOST}content-length: 2\r\n${END}{}`,
  ],
  [
    'a GET with a body in chunks',
    'REQUEST_MALFORMED',
    `GET /flex/v2/public-keys/dv HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n${END}2\r\n{}\r\n0\r\n\r\n`,
  ],
  ['an unknown path', 'RESOURCE_NOT_FOUND', `GET /flex/v2/session HTTP/1.1\r\n${HOST}${END}`],
  ['the root', 'RESOURCE_NOT_FOUND', `GET / HTTP/1.1\r\n${HOST}${END}`],
  ['a slash too many', 'RESOURCE_NOT_FOUND', `POST /flex/v2/tokens/ HTTP/1.1\r\n${HOST}${END}`],
  ['two slashes', 'RESOURCE_NOT_FOUND', `POST /flex//v2/tokens HTTP/1.1\r\n${HOST}${END}`],
  ['another case', 'RESOURCE_NOT_FOUND', `POST /Flex/v2/tokens HTTP/1.1\r\n${HOST}${END}`],
  ['dots', 'RESOURCE_NOT_FOUND', `GET /flex/v2/../v2/public-keys/dv HTTP/1.1\r\n${HOST}${END}`],
  ['an asterisk', 'RESOURCE_NOT_FOUND', `OPTIONS * HTTP/1.1\r\n${HOST}${END}`],
]

for (const [what, code, bytes] of BROKEN) {
  test(`answers ${what} with ${ERRORS[code].status} in the gateway’s shape`, async () => {
    const reply = await ask(url, bytes)
    const { correlationId } = readErrorOf(code, reply)
    assert.deepEqual(JSON.parse(reply.body), { response: { rmsg: ERRORS[code].message } })
    const logged = harness.lines.find((line) => line.includes(correlationId))
    assert.ok(logged?.includes(`"code":"${code}"`), 'the log must know the correlation id')
  })
}

test('answers a HEAD with a body with 400', async () => {
  const head = `HEAD /flex/v2/public-keys/dv HTTP/1.1\r\n${HOST}content-length: 2\r\n${END}`
  assert.equal((await ask(url, `${head}{}`)).statusCode, 400)
})

test('answers an expectation that it does not know as if there were none', async () => {
  const bytes = `GET /flex/v2/public-keys/dv HTTP/1.1\r\n${HOST}expect: magic\r\n${END}`
  const reply = await ask(url, bytes)
  assert.equal(reply.statusCode, 200)
  assert.ok(correlationIdOf(reply))
})

test('does not begin to speak another protocol', async () => {
  const upgrade = 'upgrade: websocket\r\nconnection: upgrade, close\r\n\r\n'
  const bytes = `GET /flex/v2/public-keys/dv HTTP/1.1\r\n${HOST}${upgrade}`
  assert.equal((await ask(url, bytes)).statusCode, 200)
  assert.equal(await exchange(url, `CONNECT evil:443 HTTP/1.1\r\n${HOST}${END}`), '')
})

const PATHS = {
  '/flex/v2/sessions': 'POST',
  '/flex/v2/tokens': 'POST',
  '/flex/v2/payment-details/x': 'GET',
  '/up/v1/payment-details/x': 'GET',
  '/flex/v2/public-keys/dv': 'GET',
  '/.well-known/jwks.json': 'GET',
} as const

for (const [path, allowed] of Object.entries(PATHS)) {
  test(`allows ${allowed} at ${path}, HEAD beside GET, and nothing else`, async () => {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
    const allowedOnes = allowed === 'GET' ? ['GET', 'HEAD'] : [allowed]
    for (const method of methods.filter((each) => !allowedOnes.includes(each))) {
      const reply = await ask(
        url,
        `${method} ${path} HTTP/1.1\r\n${HOST}content-length: 0\r\n${END}`,
      )
      assert.equal(reply.statusCode, 405, method)
      assert.equal(reply.headers['allow'], allowedOnes.join(', '))
      if (method === 'HEAD') assert.equal(reply.body, '')
      else readErrorOf('METHOD_NOT_ALLOWED', reply)
    }
  })
}

test('answers HEAD as GET, without the body', async () => {
  const reply = await ask(url, `HEAD /.well-known/jwks.json HTTP/1.1\r\n${HOST}${END}`)
  assert.equal(reply.statusCode, 200)
  assert.equal(reply.body, '')
  assert.ok(Number(reply.headers['content-length']) > 300)
})

for (const target of ['/flex/v2/sessions', '/flex/v2/tokens', '/nowhere']) {
  test(`refuses a body of more than 64 KiB at ${target}, whole or in chunks`, async () => {
    const body = 'a'.repeat(64 * 1024 + 1)
    const whole = `POST ${target} HTTP/1.1\r\n${HOST}content-length: ${body.length}\r\n${END}${body}`
    const chunk = `${(32 * 1024).toString(16)}\r\n${body.slice(0, 32 * 1024)}\r\n`
    const chunks = [chunk, chunk, chunk, '0\r\n\r\n'].join('')
    const chunked = `POST ${target} HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n${END}${chunks}`
    for (const bytes of [whole, chunked]) readErrorOf('BODY_TOO_LARGE', await ask(url, bytes))
    const announced = `POST ${target} HTTP/1.1\r\n${HOST}content-length: 999999999999\r\n${END}`
    readErrorOf('BODY_TOO_LARGE', await ask(url, announced))
  })
}

test('takes a body of exactly 64 KiB', async () => {
  const body = JSON.stringify({ fields: CARD_FIELDS }).padEnd(64 * 1024)
  const signed = signByJwt(MERCHANT, { target: '/flex/v2/sessions', body })
  assert.equal((await ask(url, writeRequest(signed))).statusCode, 201)
})

test('takes a body that arrives byte by byte, and one in chunks', async () => {
  const body = JSON.stringify({ fields: { paymentInformation: { card: { number: {} } } } })
  const bytes = writeRequest(signByHttpSignature(MERCHANT, { target: '/flex/v2/sessions', body }))
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  for (const byte of bytes) {
    socket.write(Buffer.of(byte))
    if (byte % 16 === 0) await sleep(1)
  }
  await new Promise((resolve) => socket.on('close', resolve))
  assert.equal(readReply(Buffer.concat(received).toString()).statusCode, 201)

  const jwe = encryptData(await openSession(harness))
  const half = jwe.length / 2
  const chunks = [jwe.slice(0, half), jwe.slice(half)].map(
    (part) => `${part.length.toString(16)}\r\n${part}\r\n`,
  )
  const head = `${TOKENS}transfer-encoding: chunked\r\n${END}`
  const reply = await ask(url, head, ...chunks, '0\r\n\r\n')
  assert.equal(reply.statusCode, 201, reply.body)
})

test('answers several requests of one connection in their order', async () => {
  const jwks = `GET /.well-known/jwks.json HTTP/1.1\r\n${HOST}\r\n`
  const key = `GET /flex/v2/public-keys/dv HTTP/1.1\r\n${HOST}\r\n`
  const last = `GET /flex/v2/public-keys/zz HTTP/1.1\r\n${HOST}${END}`
  const bytes = await exchange(url, jwks + key + last)
  const [first = '', second = '', third = ''] = bytes.split(/(?=HTTP\/1\.1 )/)
  assert.ok(first.includes('"keys"') && second.includes('"kid":"dv"'))
  readErrorOf('PUBLIC_KEY_NOT_FOUND', readReply(third))
})

test('answers a request before what follows it, which is none', async () => {
  const garbage = 'X'.repeat(100)
  for (const [more, replies] of [
    ['', ['201', '400']],
    [CLOSE, ['201']],
  ] as const) {
    const jwe = encryptData(await openSession(harness))
    const token = `${TOKENS}${more}content-length: ${jwe.length}\r\n\r\n${jwe}`
    const bytes = await exchange(url, token + garbage, garbage)
    assert.deepEqual(statusesOf(bytes), replies)
  }
  const jwks = `GET /.well-known/jwks.json HTTP/1.1\r\n${HOST}\r\n`
  const cut = `${TOKENS}transfer-encoding: chunked\r\n\r\nzz\r\n`
  assert.deepEqual(statusesOf(await exchange(url, jwks + jwks + cut)), ['200', '200', '400'])
})

function statusesOf(bytes: string): readonly string[] {
  return [...bytes.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status = '']) => status)
}

test('answers a caller that ends its side behind its request', async () => {
  const jwe = encryptData(await openSession(harness))
  for (const more of ['', CLOSE]) {
    const jwks = `GET /.well-known/jwks.json HTTP/1.1\r\n${HOST}${more}\r\n`
    assert.equal(readReply(await sayAndEnd(jwks)).statusCode, 200)
  }
  const token = `${TOKENS}content-length: ${jwe.length}\r\n\r\n${jwe}`
  assert.equal(readReply(await sayAndEnd(token)).statusCode, 201)
  readErrorOf('REQUEST_MALFORMED', readReply(await sayAndEnd(token.slice(0, -1))))
  assert.equal(await sayAndEnd(''), '')
})

async function sayAndEnd(bytes: string): Promise<string> {
  const { port } = new URL(url)
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true })
  socket.end(bytes)
  return text(socket)
}

test('survives callers that go away', async () => {
  const partial = `${TOKENS}content-length: 100\r\n\r\nabc`
  for (let each = 0; each < 20; each += 1) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(each % 2 === 0 ? partial : `GET /.well-known/jwks.json HTTP/1.1\r\n${HOST}\r\n`)
    await sleep(2)
    socket.resetAndDestroy()
  }
  const alive = `GET /flex/v2/public-keys/dv HTTP/1.1\r\n${HOST}${END}`
  assert.equal((await ask(url, alive)).statusCode, 200)
  assert.ok(!harness.lines.some((line) => line.includes('"level":"error"')))
})

test('lets go of a connection whose other side never ends it', async () => {
  const socket = connect({
    port: Number(new URL(url).port),
    host: '127.0.0.1',
    allowHalfOpen: true,
  })
  socket.write('garbage\r\n\r\n')
  const isLetGo = await new Promise<boolean>((resolve) => {
    const keepWriting = setInterval(() => socket.write('more'), 50)
    const giveUp = setTimeout(() => resolve(false), 5000)
    socket.on('error', () => resolve(true))
    socket.on('close', () => {
      clearInterval(keepWriting)
      clearTimeout(giveUp)
      resolve(true)
    })
    socket.resume()
  })
  socket.destroy()
  assert.ok(isLetGo, 'the connection is held for ever')
})

import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'

import type { ErrorCode } from '../../src/errors.ts'
import { readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS, encrypt, encryptData, openSession, PAN, postJwe, stockPool } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { signByJwt } from '../signed-request.ts'

let harness: Harness

before(async () => {
  harness = await startHarness()
  await stockPool(harness, 'pool-key', { count: 60 })
})
after(() => harness.close())

async function postSession(body: string | Buffer) {
  return harness.service.app.inject(signByJwt(MERCHANT, { target: '/flex/v2/sessions', body }))
}

async function postToken(payload: string | Buffer, type?: string) {
  const headers = type === undefined ? {} : { 'content-type': type }
  return harness.service.app.inject({ method: 'POST', url: '/flex/v2/tokens', headers, payload })
}

const FIELDS = JSON.stringify(CARD_FIELDS)
const BOM = '\uFEFF'
const DEPTH = 20_000

const SESSION_BODIES: readonly (readonly [string, ErrorCode | 201, string | Buffer])[] = [
  ['a byte order mark', 'BODY_NOT_JSON', `${BOM}{"fields":${FIELDS}}`],
  ['UTF-16', 'BODY_NOT_JSON', Buffer.from(`{"fields":${FIELDS}}`, 'utf16le')],
  [
    'a byte that is no UTF-8',
    'BODY_NOT_JSON',
    Buffer.from(`{"x":"\u00e9","fields":${FIELDS}}`, 'latin1'),
  ],
  [
    'UTF-8 cut in half',
    'BODY_NOT_JSON',
    Buffer.from(`{"fields":${FIELDS},"x":"\u00e9"}`).subarray(0, -3),
  ],
  ['text beyond ASCII', 201, `{"x":"\u00e9\u{1D4B3}","fields":${FIELDS}}`],
  ['a NUL byte behind it', 'BODY_NOT_JSON', `{"fields":${FIELDS}}\u0000`],
  ['a NUL byte in a text', 'BODY_NOT_JSON', `{"x":"\u0000","fields":${FIELDS}}`],
  ['an escaped NUL in a name', 'VALIDATION_FAILED', '{"fields":{"\\u0000":{}}}'],
  ['two values', 'BODY_NOT_JSON', `{"fields":${FIELDS}}{}`],
  ['a comment', 'BODY_NOT_JSON', `/**/{"fields":${FIELDS}}`],
  ['a comma too many', 'BODY_NOT_JSON', `{"fields":${FIELDS},}`],
  ['NaN', 'BODY_NOT_JSON', `{"fields":${FIELDS},"x":NaN}`],
  ['a number beyond all bounds', 201, `{"fields":${FIELDS},"x":1e999}`],
  ['lone surrogates', 201, `{"fields":${FIELDS},"x":"\\ud800"}`],
  ['white space around it', 201, ` \r\n\t{"fields":${FIELDS}}\n`],
  ['deep arrays beside fields', 201, `{"fields":${FIELDS},"x":${nested('[', ']')}}`],
  ['deep arrays as fields', 'VALIDATION_FAILED', `{"fields":${nested('[', ']')}}`],
  [
    'deep arrays in fields',
    'VALIDATION_FAILED',
    `{"fields":{"paymentInformation":${nested('[', ']')}}}`,
  ],
  ['deep objects', 'VALIDATION_FAILED', `{"fields":${nested('{"a":', '}', 10_000)}}`],
  ['deep empty names', 'VALIDATION_FAILED', `{"fields":${nested('{"":', '}', 12_000)}}`],
  ['deep unclosed arrays', 'BODY_NOT_JSON', '['.repeat(60_000)],
  ['__proto__ as a member', 201, `{"__proto__":{"fields":1},"fields":${FIELDS}}`],
  ['__proto__ as fields', 'VALIDATION_FAILED', '{"fields":{"__proto__":{}}}'],
  ['fields in __proto__ only', 'VALIDATION_FAILED', `{"__proto__":{"fields":${FIELDS}}}`],
  [
    'required in __proto__',
    'VALIDATION_FAILED',
    '{"fields":{"paymentInformation":{"card":{"number":{"__proto__":{"required":false}}}}}}',
  ],
  ['constructor and toString', 'VALIDATION_FAILED', '{"fields":{"constructor":{},"toString":{}}}'],
]

function nested(opening: string, closing: string, depth = DEPTH): string {
  return `${opening.repeat(depth)}${opening === '[' ? '' : '1'}${closing.repeat(depth)}`
}

for (const [what, expected, body] of SESSION_BODIES) {
  test(`answers a session request with ${what}: ${expected}`, async () => {
    assert.ok(body.length <= 65_536 && (what.startsWith('deep') ? body.length > 10_000 : true))
    const reply = await postSession(body)
    if (expected === 201) assert.equal(reply.statusCode, 201, reply.body)
    else readErrorOf(expected, reply)
  })
}

test('takes the last of two members of one name', async () => {
  const empty = '{"fields":{}'
  assert.equal((await postSession(`${empty},"fields":${FIELDS}}`)).statusCode, 201)
  readErrorOf('VALIDATION_FAILED', await postSession(`{"fields":${FIELDS},"fields":{}}`))
})

test('reads a body by its bytes, whatever media type it claims', async () => {
  const body = `{"fields":${FIELDS}}`
  const types = [
    undefined,
    'text/plain',
    'application/json;charset=utf-16',
    'application/jwt',
    'multipart/form-data; boundary=x',
  ]
  for (const type of types) {
    const signed = signByJwt(MERCHANT, { target: '/flex/v2/sessions', body })
    const { 'content-type': _type, ...rest } = signed.headers
    const headers = type === undefined ? rest : { ...rest, 'content-type': type }
    const reply = await harness.service.app.inject({ ...signed, headers })
    assert.equal(reply.statusCode, 201, `${type}: ${reply.body}`)
  }
})

for (const type of [';;;', 'x', 'a/b;;', '/', 'application/', ', ,', '\u00e9']) {
  test(`answers the media type ${JSON.stringify(type)} with an error of the table or by reading the body`, async () => {
    const reply = await postToken('x', type)
    assert.ok(
      ['JWE_MALFORMED', 'REQUEST_MALFORMED'].some((code) => isError(code as ErrorCode, reply)),
      reply.body,
    )
  })
}

function isError(code: ErrorCode, reply: Parameters<typeof readErrorOf>[1]): boolean {
  try {
    readErrorOf(code, reply)
    return true
  } catch {
    return false
  }
}

const TOKEN_BODIES: readonly (readonly [string, ErrorCode, string | Buffer, string?])[] = [
  ['nothing', 'JWE_MALFORMED', ''],
  ['nothing as JSON', 'BODY_NOT_JSON', '', 'application/json'],
  ['white space', 'JWE_MALFORMED', ' \r\n', 'application/jwt'],
  ['dots', 'JWE_MALFORMED', '....', 'application/jwt'],
  ['64 KiB of dots', 'JWE_MALFORMED', '.'.repeat(65_536), 'application/jwt'],
  ['64 KiB of letters', 'JWE_MALFORMED', 'A'.repeat(65_536), 'application/jwt'],
  ['NUL bytes', 'JWE_MALFORMED', '\u0000'.repeat(100), 'application/jwt'],
  ['bytes that are no UTF-8', 'JWE_MALFORMED', Buffer.alloc(500, 0xff), 'application/jwt'],
  ['a quoted JWE', 'JWE_MALFORMED', '"a.b.c.d.e"', 'application/jwt'],
  ['JSON under another type', 'JWE_MALFORMED', '{"keyId":"a.b.c.d.e"}', 'application/jwt'],
  ['JSON with a byte order mark', 'BODY_NOT_JSON', `${BOM}{"keyId":"x"}`, 'application/json'],
  ['deep JSON', 'BODY_NOT_JSON', nested('[', ']'), 'application/json'],
  ['deep JSON as keyId', 'VALIDATION_FAILED', `{"keyId":${nested('[', ']')}}`, 'application/json'],
  ['keyId in __proto__', 'VALIDATION_FAILED', '{"__proto__":{"keyId":"x"}}', 'application/json'],
  ['a keyId that is no text', 'VALIDATION_FAILED', '{"keyId":["x"]}', 'application/json'],
  ['text that only says JSON', 'BODY_NOT_JSON', 'a.b.c.d.e', 'text/json;charset=x'],
]

for (const [what, code, payload, type] of TOKEN_BODIES) {
  test(`answers a token request with ${what}: ${code}`, async () => {
    readErrorOf(code, await postToken(payload, type))
  })
}

/** Card data as a text, so that it can hold what no object can. */
const PLAINTEXTS: readonly (readonly [string, (context: string) => string, ErrorCode | 201])[] = [
  [
    'deep arrays as data',
    (context) => `{"context":"${context}","data":${nested('[', ']')}}`,
    'VALIDATION_FAILED',
  ],
  [
    'deep arrays in data',
    (context) => `{"context":"${context}","data":{"number":${nested('[', ']')}}}`,
    'CARD_DATA_INVALID',
  ],
  [
    'deep objects in data',
    (context) => `{"context":"${context}","data":${nested('{"a":', '}', 5000)}}`,
    'CARD_DATA_INVALID',
  ],
  [
    'deep empty names in data',
    (context) => `{"context":"${context}","data":${nested('{"":', '}', 5000)}}`,
    'CARD_DATA_INVALID',
  ],
  [
    '4000 unknown fields',
    (context) => `{"context":"${context}","data":{${manyMembers(4000)}}}`,
    'CARD_DATA_INVALID',
  ],
  [
    '__proto__ in data',
    (context) => `{"context":"${context}","data":{"__proto__":{"number":"${PAN}"}}}`,
    'CARD_DATA_INVALID',
  ],
  [
    'data in __proto__',
    (context) => `{"context":"${context}","__proto__":{"data":{}}}`,
    'VALIDATION_FAILED',
  ],
  [
    'a number twice',
    (context) => `{"context":"${context}","data":{"number":"x","number":"${PAN}"}}`,
    201,
  ],
  [
    'a NUL in a value',
    (context) => `{"context":"${context}","data":{"number":"${PAN}\\u0000"}}`,
    'CARD_DATA_INVALID',
  ],
]

function manyMembers(count: number): string {
  return Array.from({ length: count }, (_, index) => `"f${index}":1`).join(',')
}

for (const [what, write, expected] of PLAINTEXTS) {
  test(`answers a plaintext with ${what}: ${expected}`, async () => {
    const session = await openSession(harness)
    harness.lines.length = 0
    const reply = await postJwe(harness, encrypt(session, write(session.jwt)))
    if (expected === 201) assert.equal(reply.statusCode, 201, reply.body)
    else readErrorOf(expected, reply)
    assert.ok(reply.body.length < 20_000, `a reply of ${reply.body.length} bytes`)
    assert.ok(
      harness.lines.join('').length < 20_000,
      `a log of ${harness.lines.join('').length} bytes`,
    )
  })
}

test('reports at most 100 faults of a session request, in the reply and in the log', async () => {
  harness.lines.length = 0
  const reply = await postSession(`{"fields":{${manyMembers(6000)}}}`)
  const { details } = readErrorOf('VALIDATION_FAILED', reply)
  assert.equal(details.length, 101)
  assert.match(details.at(-1)?.message ?? '', /^and [0-9]+ more$/)
  assert.ok(
    harness.lines.join('').length < 20_000,
    `a log of ${harness.lines.join('').length} bytes`,
  )
})

test('refuses a GET with a body, and takes one that says that it has none', async () => {
  const get = { method: 'GET', url: '/flex/v2/public-keys/dv' } as const
  const headers = { 'content-type': 'application/json', 'content-length': '0' }
  const { app } = harness.service
  readErrorOf('REQUEST_MALFORMED', await app.inject({ ...get, payload: 'x' }))
  assert.equal((await app.inject({ ...get, headers })).statusCode, 200)
})

test('refuses a JWE with a comma for a dot', async () => {
  const jwe = encryptData(await openSession(harness)).replace('.', ',')
  readErrorOf('JWE_MALFORMED', await postJwe(harness, jwe))
})

import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import fc from 'fast-check'

import { parseErrorBody } from '../../src/client/parse-error-body.ts'
import { JWT, SECRET } from './merchant.ts'

const NOTHING = { reason: undefined, message: undefined, correlationId: undefined, details: [] }
const DETAILS = [{ location: 'captureData.securityCode', message: 'Invalid security code format' }]
const FLEX = {
  reason: 'VALIDATION_ERROR',
  message: 'One or more validation errors occurred',
  correlationId: '08b69ffe-f79b-4e09-991f-b030058e21f4',
  details: DETAILS,
}

const SHAPES: readonly { title: string; body: unknown; expected: Partial<typeof FLEX> }[] = [
  { title: 'the flat shape', body: { ...FLEX, informationLink: 'https://…' }, expected: FLEX },
  {
    title: 'the flat shape with a single object for details, as its published example has it',
    body: { ...FLEX, details: DETAILS[0] },
    expected: FLEX,
  },
  {
    title: 'the shape under responseStatus',
    body: { responseStatus: { status: 400, ...FLEX }, _links: { next: [] } },
    expected: FLEX,
  },
  {
    title: 'both shapes at once',
    body: { ...FLEX, responseStatus: { status: 400, ...FLEX } },
    expected: FLEX,
  },
  {
    title: 'responseStatus with its mandatory members only',
    body: { responseStatus: { status: 400, reason: 'DECRYPTION_ERROR', message: 'no' } },
    expected: { reason: 'DECRYPTION_ERROR', message: 'no' },
  },
  {
    title: 'rmsg as text',
    body: { response: { rmsg: 'missing http required header : date,v-c-merchant-id,signature,' } },
    expected: { message: 'missing http required header : date,v-c-merchant-id,signature,' },
  },
  {
    title: 'rmsg as JSON within text',
    body: {
      response: {
        rmsg: '{"error":"UNAUTHORIZED_USER","error_description":"UNAUTHORIZED USER"}',
      },
    },
    expected: { reason: 'UNAUTHORIZED_USER', message: 'UNAUTHORIZED USER' },
  },
  {
    title: 'rmsg as an object',
    body: {
      response: { rmsg: { error: 'ACCESS_TOKEN_EXPIRED', error_description: 'It has expired' } },
    },
    expected: { reason: 'ACCESS_TOKEN_EXPIRED', message: 'It has expired' },
  },
  {
    title: 'JSON within JSON',
    body: JSON.stringify({ response: { rmsg: 'Authentication Failed' } }),
    expected: { message: 'Authentication Failed' },
  },
  {
    title: 'the shape of payments, whose details name a field and a reason',
    body: {
      submitTimeUtc: '2023-10-10T13:28:47Z',
      status: 'INVALID_REQUEST',
      reason: 'INVALID_DATA',
      message: 'Declined - One or more fields in the request contains invalid data',
      details: [{ field: 'tokenInformation.jti', reason: 'INVALID_DATA' }],
    },
    expected: {
      reason: 'INVALID_DATA',
      message: 'Declined - One or more fields in the request contains invalid data',
      details: [{ location: 'tokenInformation.jti', message: 'INVALID_DATA' }],
    },
  },
]

for (const { title, body, expected } of SHAPES) {
  test(`an error body is understood in ${title}`, () => {
    assert.deepEqual(parseErrorBody(JSON.stringify(body)), { ...NOTHING, ...expected })
  })
}

test('a body that is not JSON, or JSON of something else, says nothing', () => {
  for (const text of ['', '<html>502</html>', '{', 'null', '[]', '7', '"text"', '{"response":1}']) {
    assert.deepEqual(parseErrorBody(text), NOTHING)
  }
})

test('members of the wrong type are as good as absent', () => {
  const body = { reason: 7, message: {}, correlationId: ['x'], details: [1, null, { location: 2 }] }
  assert.deepEqual(parseErrorBody(JSON.stringify(body)), NOTHING)
  assert.deepEqual(parseErrorBody('{"response":{"rmsg":7}}'), NOTHING)
})

test('what could be a token, a secret or a card number is not repeated', () => {
  const jti = '1E0WC1GO87JG1BDP0CQ8SCR1TTK86U9N98H3WH8IFM9MVEWTIYFI62F4941E7A92'
  for (const secret of [
    JWT,
    SECRET,
    jti,
    '4111111111111111',
    '4111 1111-1111 1111',
    '378282246310005',
  ]) {
    const text = `GET /x/${secret} not found`
    for (const body of [
      { message: text, details: [{ location: text, message: text }] },
      { response: { rmsg: text } },
      { response: { rmsg: { error: secret, error_description: text } } },
      { reason: `${secret} `, correlationId: `${secret} ` },
    ]) {
      assert.equal(JSON.stringify(parseErrorBody(JSON.stringify(body))).includes(secret), false)
    }
  }
})

test('key ids and correlation ids, which support asks for, are repeated', () => {
  const message = 'Cannot find private RSA key with keyId 00SvIaGIfyaw897rDeG9eFdODKaCKc1q'
  assert.equal(parseErrorBody(JSON.stringify({ message })).message, message)
})

test('texts are cut and stay on one line', () => {
  const { message } = parseErrorBody(JSON.stringify({ message: `a\r\n\tb ${'x y '.repeat(500)}` }))
  assert.match(message ?? '', /^a b x y/)
  assert.ok((message ?? '').length <= 300)
})

test('no text whatever makes the parser throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseErrorBody(text)))
  fc.assert(fc.property(fc.json(), (text) => void parseErrorBody(text)))
})

test('no value in any known place makes the parser throw, or leave its bounds', () => {
  const value = fc.oneof(fc.jsonValue(), fc.json(), fc.constant('__proto__'))
  const flat = fc.record(
    { reason: value, message: value, correlationId: value, details: value, __proto__: value },
    { requiredKeys: [] },
  )
  const body = fc.oneof(
    flat,
    fc.record({ responseStatus: fc.oneof(flat, value) }),
    fc.record({ response: fc.oneof(value, fc.record({ rmsg: fc.oneof(value, flat) })) }),
  )
  const written = fc.tuple(body, fc.nat(3)).map(([json, depth]) => {
    let text = JSON.stringify(json)
    for (let level = 0; level < depth; level += 1) text = JSON.stringify(text)
    return text
  })
  fc.assert(
    fc.property(written, (text) => {
      const { reason = 'A', message = '', correlationId = 'a', details } = parseErrorBody(text)
      assert.match(reason, /^[A-Za-z][A-Za-z0-9_.-]{0,38}$/)
      assert.match(correlationId, /^[A-Za-z0-9_.-]{1,39}$/)
      assert.ok(message.length <= 300)
      assert.ok(details.length <= 100)
    }),
  )
})

import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { scrubBody, scrubHeaders, scrubText } from '../../src/dev/scrub.ts'
import { TEST_CARDS } from '../../src/dev/test-cards.ts'

function scrubHeader(name: string, value: string): string | undefined {
  return scrubHeaders([[name, value]])[0]?.[1]
}

const MASKED = '411111XXXXXX1111'

const BODIES: readonly (readonly [what: string, body: string])[] = [
  ['nested', '{"card":{"number":"4111111111111111","securityCode":"123"}}'],
  ['with a box', '{"securityCode":{"value":"123"},"number":{"value":"4111111111111111"}}'],
  ['as numbers', '{"number":4111111111111111,"cvv":123}'],
  ['escaped', String.raw`{"number":"\u0034111111111111111","securit\u0079Code":"123"}`],
  [
    'as JSON in JSON',
    JSON.stringify({ data: '{"number":"4111111111111111","securityCode":"123"}' }),
  ],
  ['with spaces', '{"number":"4111 1111 1111 1111","cvc":"123"}'],
  ['with hyphens', '{"note":"4111-1111-1111-1111","CVV2":"123"}'],
  ['in a list', '{"numbers":["4111111111111111"],"security_code":["123"]}'],
  ['as the name of a member', '{"4111111111111111":{},"cvn":"123"}'],
  ['broken', '{"number":"4111111111111111","securityCode":"123"'],
  ['as a form', 'number=4111111111111111&securityCode=123'],
]

const GROUPED = ['4111 1111 1111 1111', '4111.1111.1111.1111', '4111%201111%201111%201111']

test('a card number is masked whatever numbers stand beside it, and however it is grouped', () => {
  for (const number of ['4111111111111111', ...GROUPED]) {
    for (const text of [`${number} 12/30`, `2026-11-25 ${number}`, `${number} 123`]) {
      const expected = text.replace(number, MASKED)
      assert.equal(scrubBody(JSON.stringify({ note: text })), JSON.stringify({ note: expected }))
      assert.equal(scrubText(`n=${text}`), `n=${expected}`)
    }
  }
  const encoded = encodeURIComponent('{"number":"4111111111111111","securityCode":"123"}')
  assert.doesNotMatch(scrubText(`/x?d=${encoded}`), /4111111111111111|22123/)
})

test('card data that was encoded or signed instead of encrypted is removed', () => {
  const json = '{"number":"4111111111111111"}'
  const codeOnly = '{"card":{"securityCode":"123"}}'
  for (const text of [json, codeOnly, '4111111111111111', '4111 1111 1111 1111']) {
    for (const encoding of ['base64', 'base64url'] as const) {
      const encoded = Buffer.from(text).toString(encoding)
      assert.equal(scrubBody(encoded), '[removed]')
      assert.equal(scrubBody(JSON.stringify({ data: encoded })), '{"data":"[removed]"}')
      assert.equal(scrubHeader('x-data', encoded), '[removed]')
    }
  }
  const jws = `eyJhbGciOiJub25lIn0.${Buffer.from(json).toString('base64url')}.c2ln`
  assert.equal(scrubBody(jws), 'eyJhbGciOiJub25lIn0.[removed].c2ln')
  const within = Buffer.from(JSON.stringify({ jws })).toString('base64url')
  assert.equal(scrubText(`/x/${within}`), '/x/[removed]')
})

test('a security code is removed of JSON in JSON in JSON', () => {
  let body = '{"securityCode":"123"}'
  for (let depth = 0; depth < 4; depth += 1) body = JSON.stringify({ data: body })
  assert.doesNotMatch(scrubBody(body), /123/)
})

test('scrubbing takes time in proportion to the text, whatever it holds', () => {
  let nested = 'a'.repeat(16)
  while (nested.length < 40_000) nested = Buffer.from(nested).toString('base64')
  for (const text of [nested, '41 '.repeat(20_000), 'a'.repeat(60_000), 'eyJ'.repeat(20_000)]) {
    const started = performance.now()
    scrubBody(text)
    assert.ok(performance.now() - started < 500, text.slice(0, 20))
  }
})

for (const [what, body] of BODIES) {
  test(`card data ${what} is masked, and the security code removed`, () => {
    const scrubbed = scrubBody(body)
    assert.doesNotMatch(scrubbed.replaceAll(/[ -]/g, ''), /4111111111111111/)
    assert.doesNotMatch(scrubbed, /(?<!\d)123(?!\d)/)
    assert.ok(scrubbed.includes(MASKED), scrubbed)
  })
}

test('every published test card is masked, but for its first six and last four digits', () => {
  for (const pan of TEST_CARDS) {
    const scrubbed = scrubBody(JSON.stringify({ number: pan, memo: `card ${pan}.` }))
    assert.ok(!scrubbed.includes(pan), pan)
    assert.ok(scrubbed.includes(pan.slice(0, 6)) && scrubbed.includes(pan.slice(-4)))
    assert.ok(!scrubText(`/x/${pan}`).includes(pan))
  }
})

test('a mistyped number is masked where a card number belongs, and a number too long for JSON as well', () => {
  assert.equal(scrubBody('{"number":"4111111111111112"}'), '{"number":"411111XXXXXX1112"}')
  assert.doesNotMatch(scrubBody('{"id":6200000000000000005}'), /6200000000000000005/)
})

test('what has neither is left byte by byte, a session request that asks for a security code too', () => {
  for (const body of [
    '{ "fields": { "securityCode": {"required": false}, "number": {} } }',
    '{"a":1e3}',
    '',
    'no json at all, 1234',
  ]) {
    assert.equal(scrubBody(body), body)
  }
})

test('tokens and jti are left as they are, whatever digits they hold', () => {
  const jwt = 'eyJhbGciOiJSUzI1NiJ9.4111111111111111.5555555555554444'
  const jti = `1E4111111111111111${'A'.repeat(46)}`
  assert.equal(scrubBody(`{"token":"${jwt}"}`), `{"token":"${jwt}"}`)
  assert.equal(scrubText(`/flex/v2/payment-details/${jti}`), `/flex/v2/payment-details/${jti}`)
})

const SECRET = 'pTXf5LJTlF0XAiClfATpbQ9Bvn2PUl+ADJ6bpygyNLM='

test('headers show signatures and bearer tokens, and neither cookies, passwords nor secrets', () => {
  const signature = `keyid="k", algorithm="HmacSHA256", headers="host", signature="${SECRET}"`
  assert.equal(scrubHeader('Signature', signature), signature)
  assert.equal(
    scrubHeader('signature', signature.replace('"k"', `"${SECRET}"`)),
    signature.replace('"k"', '"[removed]"'),
  )
  assert.equal(scrubHeader('Authorization', 'Basic dXNlcjpwYXNz'), '[removed]')
  assert.equal(scrubHeader('Cookie', 'a=b'), '[removed]')
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const bearer = (kid: string): string => `Bearer ${part({ kid })}.${part({ a: 1 })}.c2ln`
  assert.equal(scrubHeader('authorization', bearer('k')), bearer('k'))
  assert.equal(scrubHeader('authorization', bearer(SECRET)), '[removed]')
  assert.equal(scrubHeader('x-card', '4111111111111111'), MASKED)
})

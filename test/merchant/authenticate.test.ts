import { strict as assert } from 'node:assert'
import { after, before, test } from 'node:test'

import { readErrorOf } from '../error-reply.ts'
import { CARD_FIELDS } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { ask, writeRequest } from '../raw-http.ts'
import { signByHttpSignature, signByJwt } from '../signed-request.ts'

const REQUEST = { target: '/flex/v2/sessions', body: JSON.stringify({ fields: CARD_FIELDS }) }
const DATE = new Date().toUTCString()

let harness: Harness

before(async () => {
  harness = await startHarness()
})
after(() => harness.close())

const MISSING: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['date,v-c-merchant-id,signature,', {}],
  ['v-c-merchant-id,signature,', { date: DATE }],
  ['v-c-merchant-id,signature,', { 'v-c-date': DATE }],
  ['date,signature,', { 'V-C-Merchant-Id': 'testmid' }],
  ['signature,', { date: DATE, 'v-c-merchant-id': 'testmid' }],
]

for (const [list, headers] of MISSING) {
  test(`says that ${list} is missing after ${Object.keys(headers).join(' and ') || 'nothing'}`, async () => {
    const payload = REQUEST.body
    const url = REQUEST.target
    const reply = await harness.service.app.inject({ method: 'POST', url, headers, payload })
    const { message } = readErrorOf('HEADERS_MISSING', reply)
    assert.equal(message, `missing http required header : ${list}`)
  })
}

test('looks at the signature where there is also a bearer token', async () => {
  const [signature, token] = [
    signByHttpSignature(MERCHANT, REQUEST),
    signByJwt({ ...MERCHANT, keyId: 'nobody' }, REQUEST),
  ]
  const both = { ...token.headers, ...signature.headers }
  const reply = await harness.service.app.inject({ ...signature, headers: both })
  assert.equal(reply.statusCode, 201)
  const [wrong, right] = [
    signByHttpSignature({ ...MERCHANT, keyId: 'nobody' }, REQUEST),
    signByJwt(MERCHANT, REQUEST),
  ]
  const headers = { ...right.headers, ...wrong.headers }
  readErrorOf('AUTHENTICATION_FAILED', await harness.service.app.inject({ ...wrong, headers }))
})

for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Bearer  ']) {
  test(`reads a token behind ${JSON.stringify(scheme)}`, async () => {
    const signed = signByJwt(MERCHANT, REQUEST)
    const token = signed.headers['authorization']?.slice('Bearer '.length) ?? ''
    const headers = { ...signed.headers, authorization: `${scheme} ${token}` }
    assert.equal((await harness.service.app.inject({ ...signed, headers })).statusCode, 201)
  })
}

for (const authorization of [
  '',
  'Basic dTpw',
  'Bearer',
  'Bearer ',
  'Bearer a b',
  'x Bearer a.b.c',
]) {
  test(`cannot read the authorization ${JSON.stringify(authorization)}`, async () => {
    const signed = signByJwt(MERCHANT, REQUEST)
    const headers = { ...signed.headers, authorization }
    const reply = await harness.service.app.inject({ ...signed, headers })
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
    assert.equal(coatcheck?.['reason'], 'TOKEN_UNREADABLE')
  })
}

test('believes no header that nobody signed', async () => {
  const other = await harness.addMerchant()
  const url = await harness.listen()
  const signed = signByJwt(other, REQUEST)
  const reply = await ask(
    url,
    writeRequest(signed, [
      ['v-c-merchant-id', MERCHANT.merchantId],
      ['v-c-sdk-telemetry-merchant-id', MERCHANT.merchantId],
    ]),
  )
  assert.equal(reply.statusCode, 201)
  const opened = harness.lines.filter((line) => line.includes('session.opened')).at(-1) ?? ''
  assert.ok(opened.includes(`"merchantId":"${other.merchantId}"`))
})

test('asks who is calling before it parses the body or the path', async () => {
  for (const payload of ['', '{', '[]', '{"fields":{}}', 'x'.repeat(60_000)]) {
    const { target: url } = REQUEST
    const reply = await harness.service.app.inject({ method: 'POST', url, payload })
    readErrorOf('HEADERS_MISSING', reply)
  }
})

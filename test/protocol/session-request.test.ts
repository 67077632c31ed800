import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type Detail, ServiceError } from '../../src/errors.ts'
import { FIELD_PATHS } from '../../src/protocol/field-catalogue.ts'
import { isJsonObject, type JsonObject } from '../../src/protocol/parse.ts'
import { parseSessionRequest, type SessionRequest } from '../../src/protocol/session-request.ts'
import { anyJson, digitsOf, PANS } from './arbitraries.ts'

const CARD = 'fields.paymentInformation.card'

function parse(json: string): SessionRequest {
  return parseSessionRequest(JSON.parse(json) as JsonObject)
}

function detailsOf(body: unknown): readonly Detail[] {
  try {
    parse(JSON.stringify(body))
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error))
    assert.equal(error.code, 'VALIDATION_FAILED')
    assert.notEqual(error.details.length, 0)
    return error.details
  }
  assert.fail('the request was taken')
}

function locationsOf(body: unknown): readonly string[] {
  return detailsOf(body).map(({ location }) => location)
}

function card(fields: unknown): object {
  return { fields: { paymentInformation: { card: fields } } }
}

test('a request that names no field is refused, whatever it says instead', () => {
  for (const body of [
    {},
    { fields: {} },
    { fields: null },
    { fields: [] },
    { fields: [{ paymentInformation: {} }] },
    { fields: 'paymentInformation.card.number' },
    { fields: 7 },
    { fields: true },
    { fields: { paymentInformation: {} } },
    card({}),
    { paymentInformation: { card: { number: {} } } },
    { Fields: { paymentInformation: { card: { number: {} } } } },
  ])
    assert.deepEqual(detailsOf(body), [
      { location: 'fields', message: 'must name at least one field' },
    ])
})

test('all faults are told at once, each by its dotted path', () => {
  const body = {
    fields: {
      surprise: {},
      paymentInformation: {
        card: {
          number: { required: 'yes' },
          securityCode: { required: null, optional: true },
          type: [],
          cvv: {},
          expirationMonth: {},
        },
        bank: { number: {} },
      },
      orderInformation: { billTo: null, shipTo: [], amountDetails: { totalAmount: true } },
    },
  }
  assert.deepEqual(detailsOf(body), [
    { location: 'fields.surprise', message: 'is not a known field' },
    { location: `${CARD}.number.required`, message: 'must be true or false' },
    { location: `${CARD}.securityCode.optional`, message: 'is not known; only "required" is' },
    { location: `${CARD}.securityCode.required`, message: 'must be true or false' },
    { location: `${CARD}.type`, message: 'must be an object such as {} or {"required": false}' },
    { location: `${CARD}.cvv`, message: 'is not a known field' },
    { location: 'fields.paymentInformation.bank', message: 'is not a known field' },
    { location: 'fields.orderInformation.billTo', message: 'must be an object' },
    { location: 'fields.orderInformation.shipTo', message: 'must be an object' },
    {
      location: 'fields.orderInformation.amountDetails.totalAmount',
      message: 'must be an object such as {} or {"required": false}',
    },
  ])
})

test('required must be a boolean: its string, a number or null are refused', () => {
  for (const required of ['true', 'false', '', 0, 1, null, [], {}])
    assert.deepEqual(locationsOf(card({ number: { required } })), [`${CARD}.number.required`])
})

test('a leaf must be an object', () => {
  for (const leaf of [null, true, false, 'required', 1, [], [{}]])
    assert.deepEqual(locationsOf(card({ number: leaf })), [`${CARD}.number`])
})

test('a field must be nested: a dotted name is not a known field', () => {
  const number = 'paymentInformation.card.number'
  for (const fields of [
    { [number]: {} },
    { 'paymentInformation.card': { number: {} } },
    { paymentInformation: { 'card.number': {} } },
    { paymentInformation: { card: { number: {} } }, [number]: { required: false } },
  ])
    assert.equal(detailsOf({ fields })[0]?.message, 'is not a known field')
})

test('names of prototypes are fields that are not known', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    for (const json of [
      `{"fields":{"${name}":{"paymentInformation":{"card":{"number":{}}}}}}`,
      `{"fields":{"paymentInformation":{"card":{"${name}":{}}}}}`,
      `{"fields":{"paymentInformation":{"card":{"number":{"${name}":{"required":false}}}}}}`,
    ])
      assert.throws(() => parse(json), ServiceError, json)
  }
  assert.throws(
    () => parse('{"__proto__":{"fields":{"paymentInformation":{"card":{"number":{}}}}}}'),
    ServiceError,
  )
})

test('deep nesting is refused where it leaves the known tree, without going deeper', () => {
  const deep = `${'{"a":'.repeat(20_000)}{}${'}'.repeat(20_000)}`
  const empty = deep.replaceAll('"a"', '""')
  for (const json of [deep, empty]) {
    assert.throws(() => parse(`{"fields":${json}}`), ServiceError)
    assert.throws(
      () => parse(`{"fields":{"paymentInformation":{"card":{"number":${json}}}}}`),
      ServiceError,
    )
  }
})

test('member names that could carry card data are not repeated', () => {
  for (const pan of PANS) {
    for (const name of [
      pan,
      `n${pan}`,
      pan.replaceAll(/(....)/g, '_$1'),
      `"\n${pan}`,
      'é',
      '',
      'x'.repeat(41),
    ]) {
      assert.deepEqual(locationsOf({ fields: { [name]: {} } }), ['fields.(unnamed)'])
      assert.deepEqual(locationsOf(card({ [name]: {} })), [`${CARD}.(unnamed)`])
      assert.deepEqual(locationsOf(card({ number: { [name]: 1 } })), [`${CARD}.number.(unnamed)`])
    }
  }
})

test('unknown members of the root are ignored', () => {
  const body = {
    clientReferenceInformation: { code: 'x' },
    targetOrigins: ['https://shop.example'],
    required: 1,
    ...card({ number: {} }),
  }
  assert.deepEqual(parse(JSON.stringify(body)), {
    requiredFields: ['paymentInformation.card.number'],
    optionalFields: [],
  })
})

test('a named field is required unless it says that it is not', () => {
  const body = card({
    number: {},
    expirationMonth: { required: true },
    securityCode: { required: false },
  })
  assert.deepEqual(parse(JSON.stringify(body)), {
    requiredFields: ['paymentInformation.card.number', 'paymentInformation.card.expirationMonth'],
    optionalFields: ['paymentInformation.card.securityCode'],
  })
})

test('the published minimum example is read as the published capture context says', () => {
  const optional = { required: false }
  const body = card({
    number: {},
    securityCode: optional,
    expirationMonth: optional,
    expirationYear: optional,
    type: optional,
  })
  const { requiredFields, optionalFields } = parse(JSON.stringify(body))
  assert.deepEqual(requiredFields, ['paymentInformation.card.number'])
  assert.equal(optionalFields.length, 4)
})

test('each of the 31 documented leaves, and the two of the published example, may be asked for', () => {
  assert.equal(FIELD_PATHS.length, 33)
  for (const path of FIELD_PATHS) {
    const body = { fields: nested(path, {}) }
    assert.deepEqual(parse(JSON.stringify(body)), { requiredFields: [path], optionalFields: [] })
  }
})

function nested(path: string, leaf: object): object {
  return path.split('.').reduceRight<object>((inner, name) => ({ [name]: inner }), leaf)
}

test('a branch is not a field, and a field is not a branch', () => {
  assert.deepEqual(locationsOf({ fields: { orderInformation: { required: true } } }), [
    'fields.orderInformation.required',
  ])
  assert.deepEqual(locationsOf(card({ number: { card: {} } })), [`${CARD}.number.card`])
})

test('any JSON object either is a session request or fails validation, and no digits of it are repeated', () => {
  fc.assert(
    fc.property(anyJson, (json) => {
      const body: unknown = JSON.parse(json)
      if (!isJsonObject(body)) return
      try {
        const { requiredFields, optionalFields } = parseSessionRequest(body)
        const named = [...requiredFields, ...optionalFields]
        assert.ok(named.length > 0 && new Set(named).size === named.length)
        assert.ok(named.every((path) => FIELD_PATHS.includes(path)))
      } catch (error) {
        assert.ok(
          error instanceof ServiceError && error.code === 'VALIDATION_FAILED',
          String(error),
        )
        for (const { location, message } of error.details) {
          assert.ok(digitsOf(location).length < 6, location)
          assert.equal(digitsOf(message), '')
        }
      }
    }),
    { numRuns: 500 },
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type Detail, ServiceError } from '../../src/errors.ts'
import { isFieldPath } from '../../src/protocol/field-catalogue.ts'
import { isJsonObject, type JsonObject } from '../../src/protocol/parse.ts'
import {
  parseTokenRequest,
  readCardData,
  type ReadCardData,
} from '../../src/protocol/token-request.ts'
import { anyJson, digitsOf, PANS } from './arbitraries.ts'

const PAN = '4111111111111111'
const NUMBER = 'paymentInformation.card.number'
const YEAR = 'paymentInformation.card.expirationYear'
const CITY = 'orderInformation.billTo.locality'
const UNKNOWN = 'is not a known field'

function detailsOf(plaintext: JsonObject): readonly Detail[] {
  try {
    parseTokenRequest(plaintext)
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error))
    assert.equal(error.code, 'VALIDATION_FAILED')
    return error.details
  }
  assert.fail('the request was taken')
}

/** Reads data as it comes from the wire. */
function read(data: unknown): ReadCardData {
  return readCardData(JSON.parse(JSON.stringify(data)) as JsonObject)
}

function valuesOf(data: unknown): Record<string, string> {
  const { values, faults } = read(data)
  assert.deepEqual(faults, [])
  return Object.fromEntries(values)
}

function nested(card: object): object {
  return { paymentInformation: { card } }
}

test('every missing or mistyped member of the plaintext is told at once', () => {
  const locations = (plaintext: JsonObject): string[] =>
    detailsOf(plaintext).map(({ location }) => location)
  assert.deepEqual(locations({}), ['context', 'data'])
  assert.deepEqual(locations({ context: 1, index: '0', data: [] }), ['context', 'index', 'data'])
  assert.deepEqual(locations({ context: null, index: {}, data: null }), [
    'context',
    'index',
    'data',
  ])
  assert.deepEqual(locations({ context: 'a', data: 'b' }), ['data'])
})

test('an index that is not a position is refused', () => {
  for (const index of [-1, 0.5, 1e300, NaN, '0', true, []])
    assert.deepEqual(
      detailsOf({ context: 'a', data: {}, index }).map(({ location }) => location),
      ['index'],
    )
})

test('the index is 0 when it is not given, and jti and iat are ignored', () => {
  const data = { number: PAN }
  assert.deepEqual(parseTokenRequest({ data, context: 'a.b.c', jti: 'x', iat: 0.5 }), {
    context: 'a.b.c',
    index: 0,
    data,
  })
  assert.equal(parseTokenRequest({ data, context: 'a.b.c', index: null }).index, 0)
  assert.equal(parseTokenRequest({ data, context: 'a.b.c', index: 3 }).index, 3)
})

test('the faults of a plaintext repeat none of its values', () => {
  const faults = detailsOf({ context: 4111111111111111, index: PAN, data: PAN, [PAN]: PAN })
  assert.equal(digitsOf(JSON.stringify(faults)).includes(PAN), false)
})

test('nested, dotted and bare data are read to the same values', () => {
  const expected = { [NUMBER]: PAN, [YEAR]: '2031' }
  assert.deepEqual(valuesOf(nested({ number: PAN, expirationYear: '2031' })), expected)
  assert.deepEqual(valuesOf({ [NUMBER]: PAN, [YEAR]: '2031' }), expected)
  assert.deepEqual(valuesOf({ number: PAN, expirationYear: '2031' }), expected)
})

test('the forms may be mixed in one request', () => {
  const data = {
    number: PAN,
    [YEAR]: '2031',
    orderInformation: { billTo: { locality: 'Berlin' }, 'shipTo.locality': 'Bonn' },
    'orderInformation.amountDetails': { currency: 'EUR' },
  }
  assert.deepEqual(valuesOf(data), {
    [NUMBER]: PAN,
    [YEAR]: '2031',
    [CITY]: 'Berlin',
    'orderInformation.shipTo.locality': 'Bonn',
    'orderInformation.amountDetails.currency': 'EUR',
  })
})

test('one field given twice with the same value is one field', () => {
  assert.deepEqual(valuesOf({ number: PAN, [NUMBER]: PAN, ...nested({ number: PAN }) }), {
    [NUMBER]: PAN,
  })
})

test('one field given twice with different values is a fault, in whatever forms', () => {
  const fault = { location: NUMBER, message: 'is given twice with different values' }
  for (const data of [
    { number: PAN, [NUMBER]: PANS[1] },
    { [NUMBER]: PAN, ...nested({ number: PANS[1] }) },
    { ...nested({ number: PAN }), number: PANS[1] },
    { 'paymentInformation.card': { number: PAN }, number: `${PAN} ` },
  ])
    assert.deepEqual(read(data).faults, [fault])
})

test('an empty string is an absent field, also beside a value of the same field', () => {
  assert.deepEqual(valuesOf(nested({ number: PAN, type: '', securityCode: '' })), { [NUMBER]: PAN })
  assert.deepEqual(valuesOf({ number: '', [NUMBER]: PAN }), { [NUMBER]: PAN })
  assert.deepEqual(valuesOf({ number: PAN, [NUMBER]: '' }), { [NUMBER]: PAN })
  assert.deepEqual(valuesOf({ number: '', [NUMBER]: '' }), {})
  assert.deepEqual(valuesOf({}), {})
})

test('values are kept to the letter: nothing is trimmed or normalised', () => {
  for (const value of [' ', ' 4111 ', '\0', 'é', 'e\u0301', '__proto__', '🧥'])
    assert.deepEqual(valuesOf({ [CITY]: value }), { [CITY]: value })
})

test('a value that is not a string is a fault, in every form', () => {
  for (const value of [4111111111111111, null, true, {}, { value: PAN }, [PAN], []]) {
    const fault = { location: NUMBER, message: 'must be a string' }
    for (const data of [{ number: value }, { [NUMBER]: value }, nested({ number: value })]) {
      const { values, faults } = read(data)
      assert.deepEqual([values.size, faults], [0, [fault]])
    }
  }
})

test('a field that is not in the catalogue is a fault, wherever it is', () => {
  for (const [data, location] of [
    [{ cvv: '123' }, 'cvv'],
    [{ locality: 'Berlin' }, 'locality'],
    [nested({ cvv: '123' }), 'paymentInformation.card.cvv'],
    [{ 'paymentInformation.card.cvv': '123' }, 'paymentInformation.card.cvv'],
    [{ paymentInformation: { number: PAN } }, 'paymentInformation.number'],
    [{ paymentInformation: PAN }, 'paymentInformation'],
    [nested([]), 'paymentInformation.card'],
    [{ card: { number: PAN } }, 'card.number'],
    [{ a: { b: { c: { d: PAN } } } }, 'a.b.c'],
    [{ 'a.b.c.d.e': { f: PAN } }, 'a.b.c.d.e'],
  ] as const) {
    const { values, faults } = read(data)
    assert.deepEqual(faults, [{ location, message: UNKNOWN }])
    assert.equal(values.size, 0)
  }
})

test('a bare name counts at the top only', () => {
  for (const data of [{ '': { number: PAN } }, { billTo: { number: PAN } }]) {
    const { values, faults } = read(data)
    assert.deepEqual([values.size, faults.map(({ message }) => message)], [0, [UNKNOWN]])
  }
})

test('names of prototypes are fields that are not known', () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
    for (const json of [`{"${name}":"x"}`, `{"paymentInformation":{"card":{"${name}":"x"}}}`]) {
      const { values, faults } = readCardData(JSON.parse(json) as JsonObject)
      assert.deepEqual([values.size, faults.length], [0, 1], json)
    }
  }
})

test('every fault of the data is told, and good fields are read all the same', () => {
  const { values, faults } = read({
    number: PAN,
    cvv: '123',
    ...nested({ expirationYear: 2031, securityCode: '123', pin: '1' }),
  })
  assert.deepEqual(Object.fromEntries(values), {
    [NUMBER]: PAN,
    'paymentInformation.card.securityCode': '123',
  })
  assert.deepEqual(faults, [
    { location: 'cvv', message: UNKNOWN },
    { location: YEAR, message: 'must be a string' },
    { location: 'paymentInformation.card.pin', message: UNKNOWN },
  ])
})

test('member names that could carry card data are not repeated, at any depth and in any disguise', () => {
  for (const pan of PANS) {
    const disguises = [
      pan,
      `n${pan}`,
      pan.replaceAll(/(....)/g, '_$1'),
      pan.replaceAll(/(...)/g, 'n$1.'),
      `${pan}.${pan}`,
      `"\n${pan}`,
    ]
    for (const name of disguises) {
      for (const data of [
        { [name]: 'x' },
        { [name]: { a: 'x' } },
        { [name]: { 'a.b': 'x' } },
        { [name]: { [name]: { [name]: 'x' } } },
        { paymentInformation: { [name]: { 'a.b.c': 'x' } } },
        nested({ [name]: 'x' }),
        { a: { [name]: 'x' } },
      ]) {
        const [fault] = read(data).faults
        assert.equal(fault?.message, UNKNOWN)
        assert.ok(digitsOf(fault.location).length < 6, fault.location)
      }
    }
  }
})

test('deep nesting is refused without going deep', () => {
  for (const name of ['a', '', '.', 'paymentInformation']) {
    const opened = `{${JSON.stringify(name)}:`.repeat(20_000)
    const { faults } = readCardData(JSON.parse(`${opened}"x"${'}'.repeat(20_000)}`) as JsonObject)
    assert.equal(faults.length, 1)
  }
})

test('any JSON object gives known paths with values that are not empty, and faults without its digits', () => {
  fc.assert(
    fc.property(anyJson, (json) => {
      const data: unknown = JSON.parse(json)
      if (!isJsonObject(data)) return
      const { values, faults } = readCardData(data)
      for (const [path, value] of values) {
        assert.ok(isFieldPath(path))
        assert.notEqual(value, '')
      }
      for (const { location, message } of faults) {
        assert.ok(digitsOf(location).length <= 6, location)
        assert.equal(digitsOf(message), '')
      }
    }),
    { numRuns: 500 },
  )
})

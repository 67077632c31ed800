import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { checkCardData } from '../../src/protocol/card-data-rules.ts'
import { type CardData, FIELD_PATHS, type FieldPath } from '../../src/protocol/field-catalogue.ts'
import { hostileText, networkPan } from '../card/arbitraries.ts'

const NOW = new Date('2026-06-15T00:00:00Z')

const NUMBER = 'paymentInformation.card.number'
const TYPE = 'paymentInformation.card.type'
const SECURITY_CODE = 'paymentInformation.card.securityCode'
const MONTH = 'paymentInformation.card.expirationMonth'
const YEAR = 'paymentInformation.card.expirationYear'
const AMOUNT = 'orderInformation.amountDetails.totalAmount'
const CURRENCY = 'orderInformation.amountDetails.currency'

const GOOD: Readonly<Partial<Record<FieldPath, string>>> = {
  [NUMBER]: '4111111111111111',
  [TYPE]: '001',
  [SECURITY_CODE]: '123',
  [MONTH]: '12',
  [YEAR]: '2031',
  [AMOUNT]: '102.21',
  [CURRENCY]: 'USD',
  'orderInformation.billTo.firstName': 'Zoë',
  'orderInformation.billTo.country': 'US',
  'orderInformation.billTo.email': 'zoe@example.com',
  'orderInformation.shipTo.administrativeArea': 'Noord-Brabant',
  'orderInformation.shipTo.country': 'NL',
}

// Each text field's maximum length, written down a second time.
const BILL_TO: Readonly<Record<string, number>> = {
  firstName: 60,
  lastName: 60,
  company: 60,
  address1: 60,
  address2: 60,
  locality: 50,
  administrativeArea: 20,
  postalCode: 10,
  district: 50,
  buildingNumber: 256,
  email: 255,
  phoneNumber: 15,
}
const MAX_LENGTHS: Readonly<Record<string, number>> = Object.fromEntries([
  ...Object.entries(BILL_TO).map(([name, max]) => [`orderInformation.billTo.${name}`, max]),
  ...Object.entries({ ...BILL_TO, buildingNumber: 15 }).map(([name, max]) => [
    `orderInformation.shipTo.${name}`,
    max,
  ]),
])

function cardData(values: Readonly<Partial<Record<FieldPath, string>>>): CardData {
  const entries = FIELD_PATHS.map((path) => [path, values[path]] as const)
  return new Map(entries.filter((entry): entry is [FieldPath, string] => entry[1] !== undefined))
}

/** Checks values and returns the faults as path → message. */
function faults(values: Readonly<Partial<Record<FieldPath, string>>>, now = NOW): object {
  const found = checkCardData(cardData(values), now)
  return Object.fromEntries(found.map(({ path, message }) => [path, message]))
}

test('good card data has no fault, and neither has none at all', () => {
  assert.deepEqual(checkCardData(cardData(GOOD), NOW), [])
  assert.deepEqual(checkCardData(new Map(), NOW), [])
})

test('generated cards of every network are good', () => {
  fc.assert(
    fc.property(networkPan, fc.integer({ min: 1, max: 12 }), (number, month) => {
      const securityCode = /^3[47]/.test(number) ? '1234' : '123'
      const mm = String(month).padStart(2, '0')
      const card = { [NUMBER]: number, [SECURITY_CODE]: securityCode, [MONTH]: mm, [YEAR]: '2027' }
      assert.deepEqual(faults(card), {})
    }),
  )
})

test('all faults are found at once, in the order of the catalogue', () => {
  const bad = {
    [NUMBER]: '4111111111111112',
    [TYPE]: '022',
    [SECURITY_CODE]: 'abc',
    [MONTH]: '13',
    [YEAR]: '26',
    [AMOUNT]: '1,00',
    [CURRENCY]: 'usd',
    'orderInformation.billTo.country': 'UK',
    'orderInformation.shipTo.postalCode': '12345678901',
  } as const
  assert.deepEqual(checkCardData(cardData(bad), NOW), [
    { path: NUMBER, message: 'Invalid card number format' },
    { path: TYPE, message: 'Invalid card type' },
    { path: SECURITY_CODE, message: 'Invalid security code format' },
    { path: MONTH, message: 'Invalid expiration month format' },
    { path: YEAR, message: 'Invalid expiration year format' },
    { path: AMOUNT, message: 'Invalid amount format' },
    { path: CURRENCY, message: 'Invalid currency code' },
    { path: 'orderInformation.billTo.country', message: 'Invalid country code' },
    {
      path: 'orderInformation.shipTo.postalCode',
      message: 'Must not be longer than 10 characters',
    },
  ])
})

test('the security code must fit the number that comes with it', () => {
  const fault = { [SECURITY_CODE]: 'Invalid security code format' }
  assert.deepEqual(faults({ [SECURITY_CODE]: '1234' }), {})
  assert.deepEqual(faults({ [NUMBER]: '4111111111111111', [SECURITY_CODE]: '1234' }), fault)
  assert.deepEqual(faults({ [NUMBER]: '378282246310005', [SECURITY_CODE]: '123' }), fault)
})

test('any assigned type may come with any number, for cards are co-branded', () => {
  assert.deepEqual(faults({ [NUMBER]: '4111111111111111', [TYPE]: '036' }), {})
})

test('an expired card is a fault of the month within this year, of the year before it', () => {
  assert.deepEqual(faults({ [MONTH]: '05', [YEAR]: '2026' }), { [MONTH]: 'Card has expired' })
  assert.deepEqual(faults({ [MONTH]: '12', [YEAR]: '2025' }), { [YEAR]: 'Card has expired' })
  assert.deepEqual(faults({ [MONTH]: '06', [YEAR]: '2026' }), {})
})

test('a month alone never expires, a year alone does when it is over', () => {
  assert.deepEqual(faults({ [MONTH]: '01' }), {})
  assert.deepEqual(faults({ [YEAR]: '2026' }), {})
  assert.deepEqual(faults({ [YEAR]: '2025' }), { [YEAR]: 'Card has expired' })
})

test('amounts are plain decimal numbers of at most 19 characters', () => {
  for (const amount of ['0', '0.00', '1', '00012.50', '9999999999999999.99', '9'.repeat(19)])
    assert.deepEqual(faults({ [AMOUNT]: amount, [CURRENCY]: 'EUR' }), {}, amount)
  const fault = { [AMOUNT]: 'Invalid amount format' }
  const bad = ['-1', '+1', '1.', '.5', '1,5', '1e3', '0x1', ' 1', '1\n', '1.2.3', '٣', 'NaN', '']
  for (const amount of [...bad, '9'.repeat(20)])
    assert.deepEqual(faults({ [AMOUNT]: amount, [CURRENCY]: 'EUR' }), fault, amount)
})

test('an amount has no more decimal places than its currency', () => {
  const fault = { [AMOUNT]: 'Too many decimal places for the currency' }
  const places = { JPY: 0, USD: 2, KWD: 3, CLF: 4 }
  for (const [currency, most] of Object.entries(places)) {
    const good = most === 0 ? '1' : `1.${'0'.repeat(most)}`
    const long = `1.${'0'.repeat(most + 1)}`
    assert.deepEqual(faults({ [AMOUNT]: good, [CURRENCY]: currency }), {}, currency)
    assert.deepEqual(faults({ [AMOUNT]: long, [CURRENCY]: currency }), fault, currency)
  }
})

test('an amount without a known currency has at most four decimal places', () => {
  assert.deepEqual(faults({ [AMOUNT]: '1.0000' }), {})
  assert.deepEqual(faults({ [AMOUNT]: '1.00000' }), {
    [AMOUNT]: 'Too many decimal places for the currency',
  })
  assert.deepEqual(faults({ [AMOUNT]: '1.0000', [CURRENCY]: 'constructor' }), {
    [CURRENCY]: 'Invalid currency code',
  })
})

test('every text field may have its maximum length and no more', () => {
  const textPaths = FIELD_PATHS.filter((path) => Object.hasOwn(MAX_LENGTHS, path))
  assert.equal(textPaths.length, 24)
  for (const path of textPaths) {
    const max = MAX_LENGTHS[path] ?? 0
    assert.deepEqual(faults({ [path]: 'é'.repeat(max) }), {}, path)
    const message = `Must not be longer than ${max} characters`
    assert.deepEqual(faults({ [path]: 'é'.repeat(max + 1) }), { [path]: message }, path)
  }
})

test('a character outside the basic plane counts as one', () => {
  assert.deepEqual(faults({ 'orderInformation.billTo.postalCode': '𝟙'.repeat(10) }), {})
})

test('empty values do not crash the check', () => {
  const empty = Object.fromEntries(FIELD_PATHS.map((path) => [path, '']))
  assert.equal(Object.keys(faults(empty)).length, 9)
})

const MESSAGES =
  /^(Invalid (card number format|card type|security code format|expiration month format|expiration year format|amount format|currency code|country code)|Card has expired|Too many decimal places for the currency|Must not be longer than (10|15|20|50|60|255|256) characters)$/

test('no text makes the check throw, and messages come from a closed list', () => {
  const data = fc.dictionary(fc.constantFrom(...FIELD_PATHS), hostileText)
  fc.assert(
    fc.property(data, (values) => {
      for (const message of Object.values(faults(values))) assert.match(String(message), MESSAGES)
    }),
  )
})

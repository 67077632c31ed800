import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { ServiceError } from '../../src/errors.ts'
import { validateCardData } from '../../src/session/validate.ts'

const NUMBER = 'paymentInformation.card.number'
const CODE = 'paymentInformation.card.securityCode'
const MONTH = 'paymentInformation.card.expirationMonth'
const NEEDS = { now: new Date('2026-11-22T00:00:00Z'), checkNumber: () => undefined }

function entry(requiredFields: readonly string[], optionalFields: readonly string[] = []) {
  return { type: 'api-0.1.0', data: { requiredFields, optionalFields } }
}

function refusal(run: () => unknown): ServiceError {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof ServiceError)
    return error
  }
  return assert.fail('nothing was thrown')
}

test('returns what was captured, by path', () => {
  const data = { number: '4111111111111111', securityCode: '' }
  const values = validateCardData(data, entry([NUMBER], [CODE]), NEEDS)
  assert.deepEqual([...values], [[NUMBER, '4111111111111111']])
})

test('gives one detail a field: the first of its faults', () => {
  const data = { number: '4111', securityCode: 'x', expirationMonth: '13' }
  const needs = { ...NEEDS, checkNumber: () => 'is not a test number' }
  const { code, details } = refusal(() => validateCardData(data, entry([NUMBER, MONTH]), needs))
  assert.equal(code, 'CARD_DATA_INVALID')
  assert.deepEqual(details, [
    { location: `captureData.${CODE}`, message: 'was not declared in the capture context' },
    { location: `captureData.${NUMBER}`, message: 'Invalid card number format' },
    { location: `captureData.${MONTH}`, message: 'Invalid expiration month format' },
  ])
})

test('asks the further check for good numbers too, and for none where there is none', () => {
  const asked: string[] = []
  const checkNumber = (pan: string): string | undefined => {
    asked.push(pan)
    return pan.startsWith('4') ? 'is not wanted' : undefined
  }
  const needs = { ...NEEDS, checkNumber }
  const visa = { number: '4111111111111111' }
  const { details } = refusal(() => validateCardData(visa, entry([NUMBER]), needs))
  assert.deepEqual(details, [{ location: `captureData.${NUMBER}`, message: 'is not wanted' }])
  validateCardData({ number: '5555555555554444' }, entry([NUMBER]), needs)
  validateCardData({ expirationMonth: '12' }, entry([MONTH]), needs)
  assert.deepEqual(asked, ['4111111111111111', '5555555555554444'])
})

test('tells empty data from data that cannot be read', () => {
  const empty = refusal(() => validateCardData({ number: '' }, entry([NUMBER]), NEEDS))
  assert.equal(empty.code, 'NO_DATA')
  const mistyped = refusal(() => validateCardData({ number: 4 }, entry([NUMBER]), NEEDS))
  assert.equal(mistyped.code, 'CARD_DATA_INVALID')
  assert.deepEqual(mistyped.details, [
    { location: `captureData.${NUMBER}`, message: 'must be a string' },
  ])
})

test('declares nothing for an entry that lists nothing', () => {
  const data = { number: '4111111111111111' }
  for (const lists of [{}, { requiredFields: 7 }, { requiredFields: [7], optionalFields: null }]) {
    const { details } = refusal(() => validateCardData(data, { type: 'x', data: lists }, NEEDS))
    assert.deepEqual(
      details.map(({ message }) => message),
      ['was not declared in the capture context'],
    )
  }
})

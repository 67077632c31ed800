import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { binOf, maskPan, panFault, passesLuhn } from '../../src/card/pan.ts'
import { hostileText, inScript, networkPan, pan, withCheckDigit, ZEROS } from './arbitraries.ts'

const FAULT = 'Invalid card number format'

test('a number with a Luhn check digit and a length of its network is good', () => {
  fc.assert(fc.property(pan, (number) => panFault(number) === undefined))
})

test('changing any one digit breaks the Luhn check', () => {
  fc.assert(
    fc.property(pan, fc.nat(), fc.integer({ min: 1, max: 9 }), (number, at, by) => {
      const i = at % number.length
      const digit = (Number(number[i]) + by) % 10
      const changed = `${number.slice(0, i)}${digit}${number.slice(i + 1)}`
      assert.equal(passesLuhn(changed), false)
      assert.equal(panFault(changed), FAULT)
    }),
  )
})

test('the worked example of the Luhn formula passes, its neighbours do not', () => {
  const passing = Array.from('0123456789').filter((digit) => passesLuhn(`7992739871${digit}`))
  assert.deepEqual(passing, ['3'])
})

test('fewer than 12 or more than 19 digits are never a card number', () => {
  for (const length of [1, 11, 20, 40])
    assert.equal(panFault(withCheckDigit('1'.repeat(length - 1))), FAULT)
  for (const length of [12, 19])
    assert.equal(panFault(withCheckDigit('1'.repeat(length - 1))), undefined)
})

test('a length that no candidate network has is refused', () => {
  assert.equal(panFault(withCheckDigit('41111111111')), FAULT)
  assert.equal(panFault(withCheckDigit('37828224631000')), undefined)
  assert.equal(panFault(withCheckDigit('378282246310000')), FAULT)
})

test('digits of other scripts, separators and a line break are refused', () => {
  for (const zero of ZEROS) assert.equal(panFault(inScript('4111111111111111', zero)), FAULT)
  for (const text of ['4111 1111 1111 1111', '4111-1111-1111-1111', '4111111111111111\n'])
    assert.equal(panFault(text), FAULT)
})

test('every bad number gets the same message, and no text makes the check throw', () => {
  fc.assert(
    fc.property(hostileText, (text) => {
      const fault = panFault(text)
      assert.equal(fault, fault === undefined ? undefined : FAULT)
      passesLuhn(text)
    }),
  )
})

test('masking shows the last four digits and keeps the length', () => {
  assert.equal(maskPan('4111111111111111'), 'XXXXXXXXXXXX1111')
  fc.assert(
    fc.property(pan, (number) => {
      assert.equal(maskPan(number), 'X'.repeat(number.length - 4) + number.slice(-4))
    }),
  )
})

test('masking shows nothing of a text that is too short for a card number', () => {
  assert.equal(maskPan(''), '')
  assert.equal(maskPan('123'), 'XXX')
  assert.equal(maskPan('12345678901'), 'XXXXXXXXXXX')
})

test('the BIN is the first six or eight digits', () => {
  fc.assert(
    fc.property(networkPan, (number) => {
      assert.equal(binOf(number, 6), number.slice(0, 6))
      assert.equal(binOf(number, 8), number.slice(0, 8))
    }),
  )
})

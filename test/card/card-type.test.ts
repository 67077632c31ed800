import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CARD_TYPES, isCardTypeCode } from '../../src/card/card-type.ts'
import { hostileText } from './arbitraries.ts'

test('the codes are 001 to 081 without 022 and 069', () => {
  const expected = Array.from({ length: 81 }, (_, i) => String(i + 1).padStart(3, '0'))
  assert.deepEqual(
    Object.keys(CARD_TYPES),
    expected.filter((code) => code !== '022' && code !== '069'),
  )
})

test('only assigned codes of three digits are card type codes', () => {
  for (const code of ['001', '042', '054', '081']) assert.ok(isCardTypeCode(code))
  for (const code of ['000', '022', '069', '082', '1', '01', '0001', 'Visa', ' 001'])
    assert.ok(!isCardTypeCode(code))
})

test('members of prototypes and arbitrary text are no card type codes', () => {
  fc.assert(fc.property(hostileText, (text) => !isCardTypeCode(text)))
})

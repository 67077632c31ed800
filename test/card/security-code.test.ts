import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { securityCodeFault } from '../../src/card/security-code.ts'
import { hostileText, inScript, pan, ZEROS } from './arbitraries.ts'

const FAULT = 'Invalid security code format'

test('the code has the length of the number’s network', () => {
  assert.equal(securityCodeFault('123', '4111111111111111'), undefined)
  assert.equal(securityCodeFault('1234', '4111111111111111'), FAULT)
  assert.equal(securityCodeFault('1234', '378282246310005'), undefined)
  assert.equal(securityCodeFault('123', '378282246310005'), FAULT)
})

test('three or four digits are good when the number or its network is unknown', () => {
  for (const number of [undefined, '', 'not a number', '135412345678911'])
    for (const [code, fault] of [
      ['12', FAULT],
      ['123', undefined],
      ['1234', undefined],
      ['12345', FAULT],
    ] as const)
      assert.equal(securityCodeFault(code, number), fault)
})

test('only ASCII digits are a security code', () => {
  for (const zero of ZEROS) assert.equal(securityCodeFault(inScript('123', zero)), FAULT)
  for (const code of ['', '12a', '1.2', '-12', '12 ', '123\n', '1e2'])
    assert.equal(securityCodeFault(code), FAULT)
})

test('any code and number can be checked', () => {
  fc.assert(
    fc.property(hostileText, fc.oneof(pan, hostileText), (code, number) => {
      const fault = securityCodeFault(code, number)
      assert.ok(fault === undefined || fault === FAULT)
    }),
  )
})

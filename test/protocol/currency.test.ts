import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINOR_UNITS } from '../../src/protocol/currency.ts'

const INTL: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'))

function digitsInIntl(currency: string): number | undefined {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  return format.resolvedOptions().maximumFractionDigits
}

test('List One has 165 currencies and funds with a minor unit', () => {
  assert.equal(MINOR_UNITS.size, 165)
  for (const code of MINOR_UNITS.keys()) assert.match(code, /^[A-Z]{3}$/)
})

test('every currency that Intl supports is in the table, but for withdrawn codes and units of account', () => {
  const left = new Set('ANG BGN CUC HRK SLL ZWL XDR XSU'.split(' '))
  const missing = [...INTL].filter((code) => !MINOR_UNITS.has(code) && !left.has(code))
  assert.deepEqual(missing, [])
  for (const code of left) assert.ok(!MINOR_UNITS.has(code), code)
})

test('every currency of the table is supported by Intl, but for funds and units for internal use', () => {
  const funds = new Set('BOV CHE CHW CLF COU MXV USN UYI UYW VED XAD'.split(' '))
  const unknown = [...MINOR_UNITS.keys()].filter((code) => !INTL.has(code) && !funds.has(code))
  assert.deepEqual(unknown, [])
})

// CLDR counts none where the coins have fallen out of use; ISO 4217 keeps them.
test('decimal places are those of Intl, which may also have none', () => {
  for (const [code, minorUnit] of MINOR_UNITS)
    assert.ok([minorUnit, 0].includes(digitsInIntl(code) ?? NaN), code)
})

test('codes that cannot be charged and members of prototypes are no currencies', () => {
  for (const code of ['XAU', 'XTS', 'XXX', 'usd', 'constructor', '__proto__', ''])
    assert.equal(MINOR_UNITS.get(code), undefined)
})

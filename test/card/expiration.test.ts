import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isExpired, isMonth, isYear } from '../../src/card/expiration.ts'
import { hostileText, inScript, ZEROS } from './arbitraries.ts'

const month = fc.integer({ min: 1, max: 12 }).map((n) => String(n).padStart(2, '0'))
const year = fc.integer({ min: 1970, max: 9999 }).map(String)

test('months are 01 to 12', () => {
  for (const text of ['01', '09', '10', '12']) assert.ok(isMonth(text), text)
  for (const text of ['00', '13', '1', '001', '1 ', '+1', '12\n', ''])
    assert.ok(!isMonth(text), text)
})

test('years have four digits', () => {
  for (const text of ['2026', '0000', '9999']) assert.ok(isYear(text), text)
  for (const text of ['26', '02026', '2026 ', '2e03', '-026', '2026\n', ''])
    assert.ok(!isYear(text), text)
})

test('digits of other scripts are neither months nor years', () => {
  for (const zero of ZEROS) {
    assert.ok(!isMonth(inScript('12', zero)))
    assert.ok(!isYear(inScript('2030', zero)))
  }
})

test('a card is good until its month is over at UTC−12', () => {
  assert.equal(isExpired('11', '2026', new Date('2026-12-01T11:59:59.999Z')), false)
  assert.equal(isExpired('11', '2026', new Date('2026-12-01T12:00:00.000Z')), true)
})

test('December ends in the next year, February on its last day', () => {
  assert.equal(isExpired('12', '2026', new Date('2027-01-01T11:59:59.999Z')), false)
  assert.equal(isExpired('12', '2026', new Date('2027-01-01T12:00:00.000Z')), true)
  assert.equal(isExpired('02', '2028', new Date('2028-02-29T23:59:59.999Z')), false)
  assert.equal(isExpired('02', '2027', new Date('2027-03-01T12:00:00.000Z')), true)
})

test('a card is good at every moment of its month and expired two days after it', () => {
  fc.assert(
    fc.property(month, year, fc.double({ min: 0, max: 1, noNaN: true }), (mm, yyyy, part) => {
      const start = Date.UTC(Number(yyyy), Number(mm) - 1)
      const end = Date.UTC(Number(yyyy), Number(mm))
      assert.equal(isExpired(mm, yyyy, new Date(start + part * (end - start))), false)
      assert.equal(isExpired(mm, yyyy, new Date(end + 2 * 86_400_000)), true)
    }),
  )
})

test('a malformed month or year, or an invalid time, counts as expired', () => {
  const now = new Date('2026-01-01T00:00:00Z')
  assert.equal(isExpired('13', '2030', now), true)
  assert.equal(isExpired('12', '99999', now), true)
  assert.equal(isExpired('12', '2030', new Date(NaN)), true)
  fc.assert(fc.property(hostileText, hostileText, (mm, yyyy) => isExpired(mm, yyyy, now)))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { firstDifference } from '../../src/http-signature/diagnose.ts'

test('equal strings have no difference', () => {
  assert.equal(firstDifference('', ''), undefined)
  assert.equal(firstDifference('host: a\ndate: b', 'host: a\ndate: b'), undefined)
})

test('the first differing byte is shown with what is around it', () => {
  const difference = firstDifference(
    'host: a\nrequest-target: get /',
    'host: a\n(request-target): get /',
  )
  assert.deepEqual(difference, {
    index: 8,
    line: 2,
    expected: String.raw`host: a\nrequest-target: get /`,
    received: String.raw`host: a\n(request-target): get /`,
  })
})

test('a line break too many is visible', () => {
  const difference = firstDifference('host: a', 'host: a\r\n')
  assert.deepEqual(difference, {
    index: 7,
    line: 1,
    expected: 'host: a',
    received: String.raw`host: a\r\n`,
  })
})

test('the window is short and never cuts a character', () => {
  const filler = '€'.repeat(100)
  const difference = firstDifference(`${filler}a${filler}`, `${filler}b${filler}`)
  assert.deepEqual(difference, {
    index: 300,
    line: 1,
    expected: `${'€'.repeat(6)}a${'€'.repeat(10)}`,
    received: `${'€'.repeat(6)}b${'€'.repeat(10)}`,
  })
})

test('bytes are counted, not characters', () => {
  assert.equal(firstDifference('€€a', '€€b')?.index, 6)
  assert.equal(firstDifference('é', 'è')?.index, 1)
  assert.equal(firstDifference('\u{feff}a', '\u{feff}b')?.expected, '\u{feff}a')
})

test('the index is the length of what two strings have in common, and the line that of the index', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '\n', 'é', 'è', '€', '😀'),
    maxLength: 40,
  })
  fc.assert(
    fc.property(text, text, text, (common, left, right) => {
      const expected = Buffer.from(common + left)
      const received = Buffer.from(common + right)
      const difference = firstDifference(common + left, common + right)
      if (difference === undefined) return assert.equal(left, right)
      const { index, line } = difference
      assert.deepEqual(expected.subarray(0, index), received.subarray(0, index))
      assert.notEqual(expected[index], received[index])
      assert.equal(line, expected.subarray(0, index).toString('latin1').split('\n').length)
    }),
  )
})

test('comparing never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (left, right) => {
      firstDifference(left, right)
    }),
  )
})

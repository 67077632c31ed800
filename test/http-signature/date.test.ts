import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import {
  describeClockDifference,
  formatHttpDate,
  parseHttpDate,
} from '../../src/http-signature/date.ts'
import { headerValues } from '../../src/http-signature/message.ts'
import { readCaptures } from './capture.ts'

const NINE = Date.UTC(2026, 10, 22, 9, 5, 7) / 1000

test('the fixed format of RFC 9110 is read as seconds since the epoch', () => {
  assert.equal(parseHttpDate('Sun, 22 Nov 2026 09:05:07 GMT'), NINE)
  assert.equal(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT'), 784_111_777)
  assert.equal(parseHttpDate('Thu, 29 Feb 2024 23:59:59 GMT'), 1_709_251_199)
})

test('the one-digit hour of PHP, a one-digit day and UTC are read too', () => {
  assert.equal(parseHttpDate('Sun, 22 Nov 2026 9:05:07 GMT'), NINE)
  assert.equal(parseHttpDate('Sun, 22 Nov 2026 09:05:07 UTC'), NINE)
  assert.equal(parseHttpDate('Sun, 6 Nov 1994 8:49:37 UTC'), 784_111_777)
})

test('the date of every capture is read', () => {
  for (const { name, message } of readCaptures()) {
    const at = parseHttpDate(headerValues(message, 'date').join())
    assert.equal(
      at === undefined ? '' : new Date(at * 1000).toISOString().slice(0, 13),
      '2026-11-22T09',
      name,
    )
  }
})

const REFUSED = [
  '',
  'now',
  '1795340350',
  '2026-11-22T09:05:07Z',
  'Sun Nov 22 09:05:07 2026',
  'Sunday, 22-Nov-26 09:05:07 GMT',
  'Mon, 22 Nov 2026 09:05:07 GMT',
  'sun, 22 Nov 2026 09:05:07 GMT',
  'Sun, 22 nov 2026 09:05:07 GMT',
  'Sun, 22 Nov 2026 09:05:07 EST',
  'Sun, 22 Nov 2026 09:05:07 +0000',
  'Sun, 22 Nov 2026 09:05:07',
  'Sun, 22 Nov 2026 09:05 GMT',
  'Sun, 22 Nov 2026 9:5:7 GMT',
  'Sun, 22 Nov 2026 24:05:07 GMT',
  'Sun, 22 Nov 2026 09:60:07 GMT',
  'Sun, 22 Nov 2026 09:05:60 GMT',
  'Sun, 22 Nov 26 09:05:07 GMT',
  'Sun, 22  Nov 2026 09:05:07 GMT',
  'Sun, 022 Nov 2026 09:05:07 GMT',
  'Sun, 00 Nov 2026 09:05:07 GMT',
  'Tue, 31 Nov 2026 09:05:07 GMT',
  'Sun, 29 Feb 2026 09:05:07 GMT',
  'Sun, 22 Nov 2026 09:05:07 GMT ',
  'Sun, 22 Nov 2026 09:05:07 GMT\n',
  ' Sun, 22 Nov 2026 09:05:07 GMT',
  'Sun, 22 Nov 2026 09:05:07 GMT, Sun, 22 Nov 2026 09:05:07 GMT',
  'Thu, 01 Jan 0099 00:00:00 GMT',
]

for (const value of REFUSED) {
  test(`${JSON.stringify(value)} is not read as a date`, () => {
    assert.equal(parseHttpDate(value), undefined)
  })
}

test('every date that is written is read again to the second', () => {
  const years = { min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }
  fc.assert(
    fc.property(fc.date(years), (date) => {
      assert.equal(parseHttpDate(formatHttpDate(date)), Math.floor(date.getTime() / 1000))
    }),
  )
})

test('reading a date never throws', () => {
  const text = fc.stringMatching(/^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/)
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (value) => {
      parseHttpDate(value)
    }),
  )
})

const HOUR = 3600
const DIFFERENCES: readonly (readonly [seconds: number, words: string])[] = [
  [0, 'no difference'],
  [0.4, 'no difference'],
  [1, '1 second ahead'],
  [-59, '59 seconds behind'],
  [-120, '2 minutes behind'],
  [61, '1 minute ahead'],
  [301, '5 minutes ahead'],
  [1800, '30 minutes ahead'],
  [5 * HOUR, '5 hours ahead: a whole number of hours, so probably a time zone bug in the client'],
  [
    -5 * HOUR + 12,
    '5 hours behind: a whole number of hours, so probably a time zone bug in the client',
  ],
  [HOUR - 1, '1 hour ahead: a whole number of hours, so probably a time zone bug in the client'],
  [
    5.5 * HOUR,
    '5 hours 30 minutes ahead: as far as a time zone, so probably a time zone bug in the client',
  ],
  [-5.2 * HOUR, '5 hours 12 minutes behind'],
  [15 * HOUR, '15 hours ahead'],
  [-49 * HOUR, '2 days behind'],
  [400 * 24 * HOUR, '400 days ahead'],
]

for (const [seconds, words] of DIFFERENCES) {
  test(`a clock that differs by ${seconds} seconds is described as ${words}`, () => {
    assert.equal(describeClockDifference(seconds), words)
  })
}

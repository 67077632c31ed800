import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { dateInWords, distanceInWords, durationInWords } from '../../src/inspect/time-in-words.ts'

const NOW = 1_800_000_000

const DURATIONS: readonly (readonly [seconds: number, words: string])[] = [
  [0, '0 seconds'],
  [1, '1 second'],
  [119, '119 seconds'],
  [120, '2 minutes'],
  [900, '15 minutes'],
  [7199, '120 minutes'],
  [7200, '2 hours'],
  [200_000, '2 days'],
  [70_000_000, '2 years'],
  [-180, '3 minutes'],
]

for (const [seconds, words] of DURATIONS) {
  test(`${seconds} seconds are called ${words}`, () => {
    assert.equal(durationInWords(seconds), words)
  })
}

test('a distance from now says whether it is past', () => {
  assert.equal(distanceInWords(NOW - 180, NOW), '3 minutes ago')
  assert.equal(distanceInWords(NOW + 180, NOW), 'in 3 minutes')
  assert.equal(distanceInWords(NOW, NOW), 'now')
})

test('a date is written in UTC, and one that the platform cannot name is none', () => {
  assert.equal(dateInWords(NOW), '2027-01-15 08:00:00 UTC')
  assert.equal(dateInWords(1e300), 'no date')
})

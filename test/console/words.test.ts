import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstDifference } from '../../src/console/first-difference.ts'
import { hrefOf, NO_FILTER, parseRoute } from '../../src/console/route.ts'
import { durationInWords, milliseconds, shortId, timeOfDay } from '../../src/console/words.ts'

test('the first difference is counted in lines and characters', () => {
  assert.equal(firstDifference('a', 'a'), undefined)
  assert.deepEqual(firstDifference('a\nbc', 'a\nbd'), { index: 3, line: 2, column: 2 })
  assert.deepEqual(firstDifference('a', 'ab'), { index: 1, line: 1, column: 2 })
  assert.equal(firstDifference('😀', '😁')?.index, 0, 'no half of a character')
})

test('an address leads back to what it was made of', () => {
  const filter = { ...NO_FILTER, outcome: 'refused', q: 'a b&c' }
  assert.deepEqual(parseRoute(hrefOf('requests', 'r1', filter)), {
    page: 'requests',
    id: 'r1',
    filter,
  })
  const id = '{"kty":"RSA"}/?#%'
  assert.equal(parseRoute(hrefOf('inspect', id)).id, id)
  assert.equal(parseRoute('').page, 'requests')
  assert.equal(parseRoute('#/nowhere').page, 'requests')
  assert.equal(parseRoute('#/inspect/%').id, '%')
})

test('times and sizes are written so that they stand in columns', () => {
  assert.equal(timeOfDay('2026-11-25T16:30:02.120Z'), '16:30:02.120')
  assert.equal(milliseconds(3.07), '3.1 ms')
  assert.equal(milliseconds(1234.5), '1235 ms')
  assert.equal(durationInWords(-18_000), '5 hours')
  assert.equal(durationInWords(93_784), '1 day 2 hours')
  assert.equal(shortId('08WDKABKzN8LdL3E9xyXjSRIas01kmZK'), '08WDKABK…kmZK')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networksOf } from '../../src/card/network.ts'
import { panFault } from '../../src/card/pan.ts'
import { isTestCard, TEST_CARDS } from '../../src/dev/test-cards.ts'

test('none of the thirty published numbers fails the card rules', () => {
  assert.equal(TEST_CARDS.length, 30)
  assert.equal(new Set(TEST_CARDS).size, 30)
  for (const pan of TEST_CARDS) assert.equal(panFault(pan), undefined, pan)
})

test('every brand of the wire has a test card', () => {
  const codes = new Set(TEST_CARDS.flatMap((pan) => networksOf(pan).map(({ code }) => code)))
  assert.deepEqual([...codes].toSorted(), ['001', '002', '003', '004', '005', '007', '042', '062'])
})

test('only a listed number is a test card, written as digits', () => {
  for (const pan of TEST_CARDS) assert.ok(isTestCard(pan))
  for (const pan of ['4111111111111129', '4111 1111 1111 1111', '', 'constructor'])
    assert.ok(!isTestCard(pan))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FIELD_PATHS } from '../../src/protocol/field-catalogue.ts'
import { nest } from '../../src/protocol/nest.ts'
import { readCardData } from '../../src/protocol/token-request.ts'

test('nothing makes an empty tree', () => {
  assert.deepEqual(nest([]), {})
})

test('paths with common branches share them, in the order given', () => {
  const tree = nest([
    ['b.x.one', 1],
    ['a', 2],
    ['b.y', 3],
    ['b.x.two', 4],
  ])
  assert.equal(JSON.stringify(tree), '{"b":{"x":{"one":1,"two":4},"y":3},"a":2}')
})

test('known paths that were nested are read back the same', () => {
  const leaves = fc.dictionary(fc.constantFrom(...FIELD_PATHS), fc.string({ minLength: 1 }), {
    noNullPrototype: true,
  })
  fc.assert(
    fc.property(leaves, (values) => {
      const { values: read, faults } = readCardData(nest(Object.entries(values)))
      assert.deepEqual([Object.fromEntries(read), faults], [values, []])
    }),
  )
})

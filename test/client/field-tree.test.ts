import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import fc from 'fast-check'

import { readFieldTree } from '../../src/client/field-tree.ts'
import { FIELD_PATHS } from '../../src/protocol/field-catalogue.ts'
import { nest } from '../../src/protocol/nest.ts'
import { isJsonObject, stringMember } from '../../src/protocol/parse.ts'

test('a tree of all fields of the catalogue is read whole', () => {
  const tree = nest(FIELD_PATHS.map((path) => [path, `value of ${path}`]))
  assert.deepEqual(readFieldTree(tree, stringMember), tree)
})

test('every subset of the fields is read as it is', () => {
  fc.assert(
    fc.property(fc.subarray([...FIELD_PATHS]), (paths) => {
      const tree = nest(paths.map((path) => [path, path]))
      assert.deepEqual(readFieldTree(tree, stringMember), tree)
    }),
  )
})

test('unknown members are left out, and no JSON makes the reader throw', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (card, order) => {
      const tree: unknown = { paymentInformation: { card }, orderInformation: order, other: order }
      assert.ok(isJsonObject(tree))
      const read = readFieldTree(tree, stringMember)
      assert.ok(!('other' in read))
    }),
  )
})

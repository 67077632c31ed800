import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { isMerchantId } from '../../src/merchant/merchant.ts'

test('tells what can be a merchant id', () => {
  for (const id of ['a', 'testmid', 'A.b-c_9', 'x'.repeat(50)]) assert.equal(isMerchantId(id), true)
  for (const id of ['', 'a b', 'x'.repeat(51), 'a/b', 'ä', 'a\n', '"', '\u0000']) {
    assert.equal(isMerchantId(id), false)
  }
})

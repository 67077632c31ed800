import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { startCoatcheck } from 'coatcheck/testing'

test('a token is good for 15 minutes', async () => {
  await using coatcheck = await startCoatcheck()
  const token = await coatcheck.createToken({ number: '4111111111111111' })
  coatcheck.clock.advance('16m')
  await assert.rejects(coatcheck.client.getPaymentDetails(token), { reason: 'NOT_FOUND' })
})

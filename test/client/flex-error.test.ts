import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { FlexError, LOCAL_REASONS } from '../../src/client/index.ts'

test('an error of the client itself has the message of the table and no status', () => {
  const error = new FlexError('TIMEOUT')
  assert.equal(error.message, LOCAL_REASONS.TIMEOUT)
  assert.equal(error.status, 0)
  assert.equal(error.correlationId, undefined)
  assert.deepEqual(error.details, [])
})

test('a reason of the service stands for its message where it gave none', () => {
  assert.equal(new FlexError('TOKENIZATION_ERROR').message, 'TOKENIZATION_ERROR')
  assert.equal(new FlexError('toString').message, 'toString')
})

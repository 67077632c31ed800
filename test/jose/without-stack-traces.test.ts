import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withoutStackTraces } from '../../src/jose/without-stack-traces.ts'

test('errors that are made inside carry no trace, and later ones do', () => {
  const within = withoutStackTraces(() => new Error('inside').stack)
  assert.equal(within, 'Error: inside')
  assert.match(new Error('after').stack ?? '', /\n {4}at /)
})

test('what throws leaves traces on for the others', () => {
  assert.throws(
    () =>
      withoutStackTraces(() => {
        throw new Error('inside')
      }),
    { message: 'inside' },
  )
  assert.match(new Error('after').stack ?? '', /\n {4}at /)
})

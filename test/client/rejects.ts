import { strict as assert } from 'node:assert'

import { FlexError, type LocalReason } from '../../src/client/index.ts'

/** Asserts that a promise is rejected with a FlexError of a reason, and returns it. */
export async function rejectsWith(
  reason: LocalReason | (string & Record<never, never>),
  promise: Promise<unknown>,
): Promise<FlexError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof FlexError, `not a FlexError: ${String(error)}`)
    assert.equal(error.reason, reason, error.message)
    return error
  }
  return assert.fail(`was not rejected with ${reason}`)
}

/** Asserts that a call throws a FlexError of a reason, and returns it. */
export function throwsWith(reason: LocalReason, call: () => unknown): FlexError {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof FlexError, `not a FlexError: ${String(error)}`)
    assert.equal(error.reason, reason, error.message)
    return error
  }
  return assert.fail(`did not throw ${reason}`)
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMON_CODES, FAULT_KINDS, OPERATIONS } from '../../src/console/fault-kinds.ts'
import * as dev from '../../src/dev/fault.ts'
import { PAYMENT_ROUTE } from '../../src/dev/payments/routes.ts'
import { ROUTES } from '../../src/http/routes.ts'

test('the console offers every kind of fault at each of its stages, and asks for what the control API wants with it', () => {
  const offered = Object.fromEntries(
    FAULT_KINDS.map(({ kind, wants, stages }) => [kind, { wants, stages }]),
  )
  const taken = Object.fromEntries(
    Object.entries(dev.FAULT_KINDS).map(([kind, { required, stages }]) => [
      kind,
      { wants: required, stages },
    ]),
  )
  assert.deepEqual(offered, taken)
})

test('the codes and operations that the console offers are known', () => {
  assert.deepEqual(
    COMMON_CODES.filter((code) => !dev.isErrorCode(code)),
    [],
  )
  const names = new Set<string>([...ROUTES, PAYMENT_ROUTE].map(({ name }) => name))
  assert.deepEqual(
    OPERATIONS.filter((operation) => !names.has(operation)),
    [],
  )
})

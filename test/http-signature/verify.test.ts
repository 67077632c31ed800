import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { componentsFor } from '../../src/http-signature/sign.ts'
import { checkCoverage, dateComponent } from '../../src/http-signature/verify.ts'

const REQUIRED = { date: 'required' } as const
const OPTED_OUT = { date: 'opt-out-by-credential' } as const
const WITH_BODY = { hasBody: true }
const WITHOUT_BODY = { hasBody: false }

test('what the official clients sign covers enough', () => {
  assert.deepEqual(checkCoverage(componentsFor('POST'), WITH_BODY, REQUIRED), [])
  assert.deepEqual(checkCoverage(componentsFor('GET'), WITHOUT_BODY, REQUIRED), [])
})

test('the parenthesised request target and v-c-date cover as much', () => {
  const components = ['digest', 'host', '(request-target)', 'v-c-date', 'v-c-merchant-id']
  assert.deepEqual(checkCoverage(components, WITH_BODY, REQUIRED), [])
})

test('everything that is missing is named at once', () => {
  assert.deepEqual(checkCoverage([], WITH_BODY, REQUIRED), [
    'host',
    'date',
    'request-target',
    'digest',
    'v-c-merchant-id',
  ])
})

test('a body whose digest is not signed is not covered, whatever the method', () => {
  assert.deepEqual(checkCoverage(componentsFor('GET'), WITH_BODY, REQUIRED), ['digest'])
})

test('a list without a date is enough only for a credential that opted out', () => {
  const components = ['host', 'request-target', 'digest', 'v-c-merchant-id']
  assert.deepEqual(checkCoverage(components, WITH_BODY, REQUIRED), ['date'])
  assert.deepEqual(checkCoverage(components, WITH_BODY, OPTED_OUT), [])
})

test('an opt-out of the date waives nothing else', () => {
  assert.deepEqual(checkCoverage(['date'], WITH_BODY, OPTED_OUT), [
    'host',
    'request-target',
    'digest',
    'v-c-merchant-id',
  ])
})

test('leaving out any one component that the official clients sign is noticed', () => {
  const usual = componentsFor('POST')
  fc.assert(
    fc.property(fc.subarray([...usual]), fc.array(fc.constantFrom('x-a', 'x-b')), (some, more) => {
      const left = usual.filter((name) => !some.includes(name))
      assert.deepEqual(checkCoverage([...more, ...some], WITH_BODY, REQUIRED), left)
    }),
  )
})

test('the time is read from the signed date, from both when both are signed, else from none', () => {
  assert.deepEqual(dateComponent(['host', 'date']), ['date'])
  assert.deepEqual(dateComponent(['v-c-date', 'host']), ['v-c-date'])
  assert.deepEqual(dateComponent(['v-c-date', 'date']), ['date', 'v-c-date'])
  assert.deepEqual(dateComponent(['host', 'x-date']), [])
})

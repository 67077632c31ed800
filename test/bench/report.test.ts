import { strict as assert } from 'node:assert'
import { test } from 'node:test'
import { CASES } from '../../bench/cases.ts'
import type { Slice } from '../../bench/measure.ts'
import { judge, type CaseReport } from '../../bench/report.ts'
import { LOAD } from './load.ts'

test('a one-time token may cost 2.2 times its bare RSA, and 5 % beyond that is slack', () => {
  assert.equal(judgeTokens({ server: 2200 }).verdict, 'met')
  assert.equal(judgeTokens({ server: 2201 }).verdict, 'met within the slack')
  assert.equal(judgeTokens({ server: 2310 }).verdict, 'met within the slack')
  assert.equal(judgeTokens({ server: 2311 }).verdict, 'missed')
})

test('the slices of both servers count', () => {
  const { ratio, serverMicroseconds } = judgeTokens({ server: 2100, twin: 2180 })
  assert.deepEqual(ratio, { median: 2.14, min: 2.1, max: 2.18 })
  assert.equal(serverMicroseconds, 2140)
})

test('nothing is said when the two servers differ by more than 5 %', () => {
  assert.equal(judgeTokens({ server: 2000, twin: 2099 }).verdict, 'met')
  assert.equal(judgeTokens({ server: 2000, twin: 2101 }).verdict, 'invalid')
  assert.equal(judgeTokens({ server: 2000, twin: 1899 }).verdict, 'invalid')
})

test('nothing is said when one reply of either server was no success', () => {
  assert.equal(judgeTokens({ isValid: false }).verdict, 'invalid')
  assert.equal(judgeTokens({ isTwinValid: false }).verdict, 'invalid')
})

interface Measured {
  /** CPU microseconds a token, beside 1000 of bare RSA. */
  readonly server?: number
  readonly twin?: number
  readonly isValid?: boolean
  readonly isTwinValid?: boolean
}

function judgeTokens({
  server = 2000,
  twin = server,
  isValid = true,
  isTwinValid = true,
}: Measured): CaseReport {
  const of = CASES.find(({ operation, keys }) => operation === 'token' && keys === 'one-time')
  assert.ok(of !== undefined)
  return judge({
    case: of,
    slices: [{ ...sliceOf(server), isValid }],
    twinSlices: [{ ...sliceOf(twin), isValid: isTwinValid }],
  })
}

function sliceOf(serverMicroseconds: number): Slice {
  return { load: LOAD, serverMicroseconds, bareMicroseconds: 1000, isValid: true }
}

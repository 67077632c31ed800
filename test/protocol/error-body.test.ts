import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ErrorCode, ERRORS, ServiceError } from '../../src/errors.ts'
import { errorBody } from '../../src/protocol/error-body.ts'

const ID = '358eb329-f163-40dc-adb0-8334034856d5'
const CODES = Object.keys(ERRORS) as ErrorCode[]

function jsonOf(error: ServiceError, extra = {}): Record<string, unknown> {
  return JSON.parse(JSON.stringify(errorBody(error, ID, extra))) as Record<string, unknown>
}

test('what is private of an error is not in its body', () => {
  for (const code of CODES) {
    const error = new ServiceError(code, {
      cause: new Error('secret-cause'),
      explanation: { reason: 'secret-explanation' },
    })
    assert.equal(JSON.stringify(jsonOf(error)).includes('secret'), false, code)
    assert.equal(JSON.stringify(jsonOf(error)).includes('stack'), false, code)
  }
})

test('an error of the gateway says only response.rmsg', () => {
  for (const code of CODES.filter((one) => ERRORS[one].family === 'gateway')) {
    const details = [{ location: 'a', message: 'b' }]
    assert.deepEqual(jsonOf(new ServiceError(code, { details, about: 'date,signature,' })), {
      response: { rmsg: `${ERRORS[code].message}date,signature,` },
    })
  }
})

test('an error of the Flex family is written flat and under responseStatus, both saying the same', () => {
  for (const code of CODES.filter((one) => ERRORS[one].family === 'flex')) {
    const details = [{ location: 'fields.a', message: 'is not a known field' }]
    const { reason, message, status } = ERRORS[code]
    assert.deepEqual(jsonOf(new ServiceError(code, { details })), {
      correlationId: ID,
      details,
      informationLink: '',
      message,
      reason,
      responseStatus: { status, reason, message, correlationId: ID, details },
    })
  }
})

test('details are an empty list where there are none', () => {
  const { details, responseStatus } = jsonOf(new ServiceError('INTERNAL_ERROR'))
  assert.deepEqual([details, (responseStatus as { details: unknown }).details], [[], []])
})

test('beyond a hundred details only their number is told', () => {
  const details = Array.from({ length: 130 }, (_, index) => ({
    location: `l${index}`,
    message: 'm',
  }))
  const written = jsonOf(new ServiceError('VALIDATION_FAILED', { details }))['details'] as object[]
  assert.equal(written.length, 101)
  assert.deepEqual(written.at(-1), { location: '', message: 'and 30 more' })
  const hundred = new ServiceError('VALIDATION_FAILED', { details: details.slice(0, 100) })
  assert.equal((jsonOf(hundred)['details'] as object[]).length, 100)
})

test('what is added for developers stands beside the rest, in both families', () => {
  for (const code of ['AUTHENTICATION_FAILED', 'VALIDATION_FAILED'] as const) {
    const body = jsonOf(new ServiceError(code), { coatcheck: { why: 'x' } })
    assert.deepEqual(body['coatcheck'], { why: 'x' })
    const { coatcheck: _, ...rest } = body
    assert.deepEqual(rest, jsonOf(new ServiceError(code)))
  }
})

test('texts that official clients match on are sent to the letter', () => {
  const written = (code: ErrorCode, about?: string): unknown[] => {
    const body = jsonOf(new ServiceError(code, about === undefined ? {} : { about }))
    return [body['reason'], body['message']]
  }
  assert.deepEqual(written('BODY_NOT_JSON'), ['VALIDATION_ERROR', 'Cannot parse the POST body'])
  assert.deepEqual(written('VALIDATION_FAILED'), [
    'VALIDATION_ERROR',
    'One or more validation errors occurred',
  ])
  assert.deepEqual(written('NO_DATA'), [
    'VALIDATION_ERROR',
    'At least one non-empty field must be supplied for tokenization',
  ])
  assert.equal(written('DECRYPTION_ERROR')[0], 'DECRYPTION_ERROR')
  assert.equal(written('QUOTA_EXCEEDED')[0], 'RESOURCE_QUOTA_EXCEEDED')
  assert.equal(written('INTERNAL_ERROR')[0], 'INTERNAL_ERROR')
})

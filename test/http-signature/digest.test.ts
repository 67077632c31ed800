import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { formatDigest, parseDigest } from '../../src/http-signature/digest.ts'

// The digest of `{}`, as the vendor's guide prints it.
const EMPTY_OBJECT = 'RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o='

test('the digest of an empty object is that of the guide', () => {
  const sha256 = createHash('sha256').update('{}').digest('base64')
  assert.equal(formatDigest(sha256), `SHA-256=${EMPTY_OBJECT}`)
})

test('the prefix is read in any case, and may be absent', () => {
  for (const prefix of ['SHA-256=', 'sha-256=', 'Sha-256=', '']) {
    assert.equal(parseDigest(prefix + EMPTY_OBJECT), EMPTY_OBJECT)
  }
})

test('another algorithm, a list, and anything but 32 bytes in base64 are not read', () => {
  const refused = [
    '',
    'SHA-256=',
    `SHA-512=${EMPTY_OBJECT}`,
    `SHA-256=${EMPTY_OBJECT},MD5=x`,
    `SHA-256=SHA-256=${EMPTY_OBJECT}`,
    ` SHA-256=${EMPTY_OBJECT}`,
    `SHA-256=${EMPTY_OBJECT}\n`,
    `SHA-256=${EMPTY_OBJECT.slice(1)}`,
    `SHA-256=${EMPTY_OBJECT.slice(0, -1)}`,
    `SHA-256=${EMPTY_OBJECT.replaceAll('/', '_')}`,
    `SHA-256=${'0'.repeat(64)}`,
  ]
  for (const value of refused) assert.equal(parseDigest(value), undefined, value)
})

test('every digest that is written is read again', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const base64 = Buffer.from(bytes).toString('base64')
      assert.equal(parseDigest(formatDigest(base64)), base64)
    }),
  )
})

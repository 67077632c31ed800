import { strict as assert } from 'node:assert'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { test } from 'node:test'

import { BUNDLED_SESSION_KEYS, importBundledKey } from '../../src/dev/bundled-keys.ts'
import {
  encodeSessionKey,
  readModulus,
  readPrivateKey,
} from '../../src/keys/session-key-material.ts'

const keys = Array.from({ length: BUNDLED_SESSION_KEYS }, (_, position) =>
  importBundledKey(position),
)

function modulusOf(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'jwk' }).n ?? ''
}

test('the modulus of a session key is read without importing it', () => {
  for (const key of keys) {
    const material = encodeSessionKey(key)
    assert.equal(readModulus(material), modulusOf(key))
    assert.ok(readPrivateKey(material).equals(key))
  }
})

test('a key is read that was pooled by a version which wrote its modulus before it', () => {
  for (const key of keys) {
    const modulus = modulusOf(key)
    const material = Buffer.concat([Buffer.from(modulus, 'base64url'), encodeSessionKey(key)])
    assert.equal(readModulus(material), modulus)
    assert.ok(readPrivateKey(material).equals(key))
  }
})

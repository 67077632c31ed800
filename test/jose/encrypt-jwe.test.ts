import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compactDecrypt } from 'jose'
import { encryptJwe } from '../../src/jose/encrypt-jwe.ts'
import { decodeJwe, decryptJwe } from '../../src/jose/jwe.ts'
import { makeRsaPair } from './rsa.ts'

const { publicKey, privateKey } = makeRsaPair()
const RECIPIENT = { kid: '4711', publicKey, issuedAt: 1_790_000_000 }
const ALGORITHMS = {
  keyManagementAlgorithms: ['RSA-OAEP-256'],
  contentEncryptionAlgorithms: ['A256GCM'],
}

test('jose decrypts what is encrypted here, whatever the text', async () => {
  const texts = fc.string({ unit: 'binary', maxLength: 500 })
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      const compact = encryptJwe(text, RECIPIENT, randomBytes)
      const { plaintext, protectedHeader } = await compactDecrypt(compact, privateKey, ALGORITHMS)
      assert.deepEqual(Buffer.from(plaintext), Buffer.from(text, 'utf8'))
      const { kid, issuedAt: iat } = RECIPIENT
      assert.deepEqual(protectedHeader, { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid, iat })
    }),
    { numRuns: 50 },
  )
})

test('a larger key than of 2048 bits will do', async () => {
  const larger = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const recipient = { ...RECIPIENT, publicKey: larger.publicKey }
  const compact = encryptJwe('{"a":1}', recipient, randomBytes)
  const { plaintext } = await compactDecrypt(compact, larger.privateKey)
  assert.equal(Buffer.from(plaintext).toString(), '{"a":1}')
})

test('no two JWEs share an encrypted key, an initialisation vector or a ciphertext', () => {
  const made = Array.from({ length: 20 }, () => encryptJwe('{}', RECIPIENT, randomBytes).split('.'))
  for (const index of [1, 2, 3, 4]) {
    assert.equal(new Set(made.map((parts) => parts[index])).size, made.length)
  }
})

test('it is decrypted here too, as bytes', () => {
  const jwe = decodeJwe(encryptJwe('no JSON', RECIPIENT, randomBytes))
  assert.ok(jwe)
  assert.equal(decryptJwe(jwe, privateKey, randomBytes)?.toString(), 'no JSON')
  assert.equal(decryptJwe(jwe, makeRsaPair().privateKey, randomBytes), undefined)
})

import assert from 'node:assert/strict'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { publicKeyOf, publicNumbers } from '../../src/jose/jwk.ts'
import { makeRsaPair } from './rsa.ts'

const { publicKey, privateKey } = makeRsaPair()

test('a key that is not RSA has no public numbers', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  for (const key of [ec.publicKey, ec.privateKey, createSecretKey(Buffer.alloc(32))])
    assert.throws(() => publicNumbers(key), TypeError)
})

test('a private key and its public key have the same public numbers and nothing else', () => {
  const numbers = publicNumbers(privateKey)
  assert.deepEqual(Object.keys(numbers), ['n', 'e'])
  assert.deepEqual(numbers, publicNumbers(publicKey))
})

test('the key made of the numbers is the key they were read from', () => {
  assert.ok(publicKeyOf(publicNumbers(privateKey)).equals(publicKey))
})

test('numbers that are no RSA key of 2048 bits, or not written canonically, are refused', () => {
  const { n, e } = publicNumbers(publicKey)
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  for (const numbers of [
    { n: '', e },
    { n: '!', e },
    { n: 'AQAB', e },
    { n, e: '' },
    { n, e: 'AQ' },
    { n: `${n}==`, e },
    { n: `AAAA${n}`, e },
    publicNumbers(small),
  ])
    assert.throws(() => publicKeyOf(numbers), TypeError, numbers.e)
})

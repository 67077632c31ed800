import assert from 'node:assert/strict'
import { constants, createCipheriv, publicEncrypt, randomBytes } from 'node:crypto'
import { before, test } from 'node:test'
import * as fc from 'fast-check'
import { CompactEncrypt } from 'jose'
import { encodeBase64Url } from '../../src/jose/compact.ts'
import { decodeJwe, decryptJwe } from '../../src/jose/jwe.ts'
import { parseJsonBytes, type JsonObject } from '../../src/protocol/parse.ts'
import { flipped, makeRsaPair } from './rsa.ts'

const { publicKey, privateKey } = makeRsaPair()
const KID = '08Zq3vQhT0xYb1cN5mK7rW2sD9fG4jL6'
const PLAINTEXT = { data: { number: '4111111111111111' }, context: 'a.b.c', index: 0 }

interface Handmade {
  readonly header?: object
  readonly contentKey?: Buffer
  readonly encryptedKey?: Buffer
  readonly plaintext?: string | Buffer
}

/** Makes a compact JWE by hand: whatever the header says, the content is sealed with AES-GCM under the content key. */
function handmade(made: Handmade = {}): string {
  const contentKey = made.contentKey ?? randomBytes(32)
  const oaep = { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }
  const encryptedKey = made.encryptedKey ?? publicEncrypt(oaep, contentKey)
  const header = encodeBase64Url(
    JSON.stringify({ kid: KID, alg: 'RSA-OAEP', enc: 'A256GCM', ...made.header }),
  )
  const iv = randomBytes(12)
  const cipher = createCipheriv(
    contentKey.length === 16 ? 'aes-128-gcm' : 'aes-256-gcm',
    contentKey,
    iv,
  )
  cipher.setAAD(Buffer.from(header))
  const content = made.plaintext ?? JSON.stringify(PLAINTEXT)
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()])
  const parts = [encryptedKey, iv, ciphertext, cipher.getAuthTag()].map(encodeBase64Url)
  return [header, ...parts].join('.')
}

/** Decodes and decrypts; undefined when either refuses. */
function read(compact: string, key = privateKey): JsonObject | undefined {
  const jwe = decodeJwe(compact)
  return jwe === undefined ? undefined : parsed(decryptJwe(jwe, key, randomBytes))
}

function parsed(plaintext: Buffer | undefined): JsonObject | undefined {
  return plaintext === undefined ? undefined : parseJsonBytes(plaintext)
}

function encryptWithJose(alg: string, plaintext = JSON.stringify(PLAINTEXT)): Promise<string> {
  return new CompactEncrypt(Buffer.from(plaintext))
    .setProtectedHeader({ kid: KID, alg, enc: 'A256GCM' })
    .encrypt(publicKey)
}

let genuine: string
before(async () => {
  genuine = await encryptWithJose('RSA-OAEP')
})

function withPart(index: number, change: (part: Buffer) => Buffer): string {
  const parts = genuine.split('.')
  parts[index] = encodeBase64Url(change(Buffer.from(parts[index] ?? '', 'base64url')))
  return parts.join('.')
}

test('the handmade JWE of these tests is a good one', () => {
  assert.deepEqual(read(handmade()), PLAINTEXT)
})

test('other key algorithms are refused before any decryption', () => {
  const rsa15 = publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_PADDING },
    randomBytes(32),
  )
  assert.equal(decodeJwe(handmade({ header: { alg: 'RSA1_5' }, encryptedKey: rsa15 })), undefined)
  for (const alg of [
    'RSA-OAEP-384',
    'RSA-OAEP-512',
    'dir',
    'A256KW',
    'none',
    'rsa-oaep',
    1,
    null,
    undefined,
  ])
    assert.equal(decodeJwe(handmade({ header: { alg } })), undefined, String(alg))
  for (const alg of ['__proto__', 'constructor', 'toString'])
    assert.equal(decodeJwe(handmade({ header: { alg } })), undefined, alg)
})

test('other content algorithms are refused before any decryption', () => {
  assert.equal(
    decodeJwe(handmade({ header: { enc: 'A128GCM' }, contentKey: randomBytes(16) })),
    undefined,
  )
  for (const enc of ['A192GCM', 'A256CBC-HS512', 'a256gcm', null, undefined])
    assert.equal(decodeJwe(handmade({ header: { enc } })), undefined, String(enc))
})

test('compression, critical extensions and a missing kid are refused before any decryption', () => {
  for (const header of [
    { zip: 'DEF' },
    { zip: null },
    { crit: ['exp'] },
    { crit: [] },
    { kid: undefined },
    { kid: 7 },
  ])
    assert.equal(decodeJwe(handmade({ header })), undefined, JSON.stringify(header))
})

test('anything but five base64url parts of the right lengths is not a JWE', () => {
  const parts = genuine.split('.')
  for (let count = 0; count < 5; count += 1)
    assert.equal(decodeJwe(parts.slice(0, count).join('.')), undefined, String(count))
  assert.equal(decodeJwe(`${genuine}.`), undefined)
  assert.equal(decodeJwe(`${genuine}.${parts[4]}`), undefined)
  assert.equal(decodeJwe(`${genuine}=`), undefined)
  assert.equal(decodeJwe(` ${genuine}`), undefined)
  for (const index of [0, 1, 2, 3, 4]) {
    assert.equal(
      decodeJwe(withPart(index, () => Buffer.alloc(0))),
      undefined,
      `empty part ${index}`,
    )
    if (index === 3) continue
    assert.equal(decodeJwe(withPart(index, (part) => part.subarray(1))), undefined, `part ${index}`)
    assert.equal(
      decodeJwe(withPart(index, (part) => Buffer.concat([part, Buffer.from([0])]))),
      undefined,
      `part ${index}`,
    )
  }
})

test('a change of the encrypted key, the initialisation vector, the ciphertext or the tag fails alike', () => {
  for (const index of [1, 2, 3, 4]) {
    const { length } = Buffer.from(genuine.split('.')[index] ?? '', 'base64url')
    for (const at of [0, length >> 1, length - 1])
      assert.equal(read(withPart(index, (part) => flipped(part, at))), undefined, `${index} ${at}`)
  }
})

test('a change of the header fails, since it is authenticated', () => {
  const header = encodeBase64Url(JSON.stringify({ alg: 'RSA-OAEP', kid: KID, enc: 'A256GCM' }))
  const changed = [header, ...genuine.split('.').slice(1)].join('.')
  assert.ok(decodeJwe(changed) !== undefined)
  assert.equal(read(changed), undefined)
})

test('another private key opens nothing', () => {
  assert.equal(read(genuine, makeRsaPair().privateKey), undefined)
})

test('a content key of the wrong length fails like any other, without throwing', () => {
  for (const length of [0, 1, 16, 24, 31, 33, 64]) {
    const contentKey = randomBytes(length)
    const oaep = { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }
    const encryptedKey = publicEncrypt(oaep, contentKey)
    assert.equal(read(handmade({ encryptedKey })), undefined, String(length))
  }
  assert.equal(read(handmade({ contentKey: randomBytes(16) })), undefined)
})

test('an encrypted key that is no OAEP block, or larger than the modulus, fails without throwing', () => {
  const rsa15 = publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_PADDING },
    randomBytes(32),
  )
  for (const encryptedKey of [rsa15, Buffer.alloc(256), Buffer.alloc(256, 0xff), randomBytes(256)])
    assert.equal(read(handmade({ encryptedKey })), undefined)
})

test('when the content key does not come out, decryption goes on with the random one (RFC 7516 §11.5)', () => {
  const drawn = Buffer.alloc(32, 7)
  const compact = handmade({ contentKey: drawn, encryptedKey: Buffer.alloc(256) })
  const jwe = decodeJwe(compact)
  assert.ok(jwe !== undefined)
  assert.deepEqual(parsed(decryptJwe(jwe, privateKey, () => Buffer.from(drawn))), PLAINTEXT)
  assert.equal(decryptJwe(jwe, privateKey, randomBytes), undefined)
})

test('randomness for the substitute key is drawn whether or not it is needed', () => {
  for (const compact of [genuine, withPart(1, (part) => flipped(part, 9))]) {
    const drawn: number[] = []
    const jwe = decodeJwe(compact)
    assert.ok(jwe !== undefined)
    decryptJwe(jwe, privateKey, (count) => {
      drawn.push(count)
      return randomBytes(count)
    })
    assert.deepEqual(drawn, [32])
  }
})

test('a plaintext that is not a JSON object is nothing', () => {
  for (const plaintext of [
    '[]',
    'null',
    '"4111111111111111"',
    '4111111111111111',
    '{',
    '{"a":1}}',
    ' ',
  ])
    assert.equal(read(handmade({ plaintext })), undefined, plaintext)
  assert.equal(read(handmade({ plaintext: Buffer.from([0xff, 0xfe]) })), undefined)
})

test('what the jose package encrypts with RSA-OAEP or RSA-OAEP-256 decrypts', async () => {
  for (const alg of ['RSA-OAEP', 'RSA-OAEP-256'])
    assert.deepEqual(read(await encryptWithJose(alg)), PLAINTEXT, alg)
})

test('decrypting the same JWE twice gives the same, and leaves it unchanged', () => {
  const jwe = decodeJwe(genuine)
  assert.ok(jwe !== undefined)
  for (const _ of [1, 2])
    assert.deepEqual(parsed(decryptJwe(jwe, privateKey, randomBytes)), PLAINTEXT)
})

test('members that are no own members of the header do not count', () => {
  const header = encodeBase64Url(`{"__proto__":{"kid":"${KID}","alg":"RSA-OAEP","enc":"A256GCM"}}`)
  assert.equal(decodeJwe([header, ...genuine.split('.').slice(1)].join('.')), undefined)
})

test('a JWE that was changed anywhere opens as nothing and never throws', () => {
  const place = fc.nat()
  const replacement = fc.oneof(fc.constantFrom(...'AZaz09-_.=+/ '), fc.string({ maxLength: 3 }))
  fc.assert(
    fc.property(place, fc.nat(2), replacement, (seed, removed, put) => {
      const at = seed % genuine.length
      const changed = genuine.slice(0, at) + put + genuine.slice(at + removed)
      fc.pre(changed !== genuine)
      assert.equal(read(changed), undefined)
    }),
    { numRuns: 300 },
  )
})

test('no text makes decoding throw', () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.string(),
    fc.json().map((json) => encodeBase64Url(json)),
  )
  fc.assert(
    fc.property(fc.array(part, { minLength: 4, maxLength: 6 }), (parts) => {
      assert.equal(decodeJwe(parts.join('.')), undefined)
    }),
  )
})

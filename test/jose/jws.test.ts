import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { constants, createHmac, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CompactSign, compactVerify, importJWK, SignJWT } from 'jose'
import { encodeBase64Url } from '../../src/jose/compact.ts'
import { publicNumbers } from '../../src/jose/jwk.ts'
import { decodeJws, signJws, verifyJws } from '../../src/jose/jws.ts'
import { requirePeer } from '../peers.ts'
import { makeRsaPair } from './rsa.ts'

const { publicKey, privateKey } = makeRsaPair()
const KID = '08Zq3vQhT0xYb1cN5mK7rW2sD9fG4jL6'
const CLAIMS = { iss: 'Flex/08', exp: 1_700_000_900, content: { name: 'Zoë = 🧥' } }
const TOKEN = signJws({ kid: KID, privateKey }, CLAIMS)

function verifies(compact: string, key = publicKey): boolean {
  const jws = decodeJws(compact)
  return jws !== undefined && verifyJws(jws, key)
}

/** Signs with the right key whatever the header says. */
function signedWith(header: object, claims = '{}'): string {
  const input = `${encodeBase64Url(JSON.stringify(header))}.${encodeBase64Url(claims)}`
  return `${input}.${encodeBase64Url(sign('sha256', Buffer.from(input), privateKey))}`
}

test('an algorithm other than RS256 is refused, even over a signature that would verify', () => {
  assert.equal(verifies(signedWith({ alg: 'RS256' })), true)
  for (const alg of [
    'none',
    'None',
    'HS256',
    'PS256',
    'RS384',
    'ES256',
    'rs256',
    '',
    null,
    ['RS256'],
  ])
    assert.equal(verifies(signedWith({ alg })), false, String(alg))
  assert.equal(verifies(signedWith({})), false)
})

test('an unsigned token is refused', () => {
  const input = `${encodeBase64Url('{"alg":"none"}')}.${encodeBase64Url('{}')}`
  assert.equal(decodeJws(`${input}.`), undefined)
  assert.equal(verifies(`${input}.${encodeBase64Url('x')}`), false)
})

test('a MAC under the public key as secret is refused', () => {
  const input = `${encodeBase64Url('{"alg":"HS256"}')}.${encodeBase64Url('{}')}`
  for (const secret of [
    publicKey.export({ format: 'pem', type: 'spki' }),
    publicKey.export({ format: 'der', type: 'spki' }),
  ]) {
    const mac = createHmac('sha256', secret).update(input).digest()
    assert.equal(verifies(`${input}.${encodeBase64Url(mac)}`), false)
    assert.equal(
      verifies(`${TOKEN.slice(0, TOKEN.lastIndexOf('.'))}.${encodeBase64Url(mac)}`),
      false,
    )
  }
})

test('a PSS signature under an RS256 header is refused', () => {
  const input = `${encodeBase64Url('{"alg":"RS256"}')}.${encodeBase64Url('{}')}`
  const key = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  assert.equal(
    verifies(`${input}.${encodeBase64Url(sign('sha256', Buffer.from(input), key))}`),
    false,
  )
})

test('a critical extension is refused (RFC 7515 §4.1.11)', () => {
  for (const crit of [['exp'], [], null])
    assert.equal(verifies(signedWith({ alg: 'RS256', crit })), false)
})

test('anything but three base64url parts of which two hold objects is not a JWS', () => {
  const [header = '', claims = '', signature = ''] = TOKEN.split('.')
  const list = encodeBase64Url('[]')
  for (const parts of [
    [],
    [header],
    [header, claims],
    [header, claims, signature, ''],
    ['', claims, signature],
    [header, '', signature],
    [header, claims, ''],
    [list, claims, signature],
    [header, list, signature],
    [`${header}=`, claims, signature],
    [header, claims, `${signature}==`],
    [` ${header}`, claims, signature],
    [header, claims, `${signature}\n`],
  ])
    assert.equal(decodeJws(parts.join('.')), undefined, parts.join('.'))
})

test('a token that was changed anywhere does not verify', () => {
  fc.assert(
    fc.property(fc.nat(TOKEN.length - 1), fc.constantFrom(...'AZaz09-_.='), (at, character) => {
      fc.pre(TOKEN[at] !== character)
      assert.equal(verifies(TOKEN.slice(0, at) + character + TOKEN.slice(at + 1)), false)
    }),
    { numRuns: 400 },
  )
})

test('a signature does not verify with another key, nor over other claims', () => {
  assert.equal(verifies(TOKEN, makeRsaPair().publicKey), false)
  const [header = '', , signature = ''] = TOKEN.split('.')
  assert.equal(verifies(`${header}.${encodeBase64Url('{}')}.${signature}`), false)
})

test('no text makes decoding or verifying throw', () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.string(),
    fc.json().map((json) => encodeBase64Url(json)),
  )
  fc.assert(fc.property(fc.array(part, { maxLength: 5 }), (parts) => !verifies(parts.join('.'))))
})

test('a signed token comes apart into its header, its claims and what was signed', () => {
  const jws = decodeJws(TOKEN)
  assert.deepEqual(jws?.claims, CLAIMS)
  assert.deepEqual(jws.header, { kid: KID, alg: 'RS256' })
  assert.equal(jws.signingInput, TOKEN.slice(0, TOKEN.lastIndexOf('.')))
  assert.equal(verifyJws(jws, publicKey), true)
})

test('the header is exactly kid and alg, in this order, without typ', () => {
  const header = Buffer.from(TOKEN.split('.')[0] ?? '', 'base64url').toString()
  assert.equal(header, `{"kid":"${KID}","alg":"RS256"}`)
})

test('our tokens verify with the jose package', async () => {
  const key = await importJWK({ kty: 'RSA', ...publicNumbers(privateKey) }, 'RS256')
  const { payload, protectedHeader } = await compactVerify(TOKEN, key)
  assert.deepEqual(JSON.parse(Buffer.from(payload).toString()), CLAIMS)
  assert.equal(protectedHeader.kid, KID)
})

test('tokens of the jose package verify with ours', async () => {
  const plain = await new CompactSign(Buffer.from('{"a":1}'))
    .setProtectedHeader({ alg: 'RS256' })
    .sign(privateKey)
  const typed = await new SignJWT({ a: 1 })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: KID })
    .sign(privateKey)
  const pss = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: 'PS256' }).sign(privateKey)
  assert.deepEqual(
    [plain, typed, pss].map((token) => verifies(token)),
    [true, true, false],
  )
})

test('our tokens verify with the openssl command', (t) => {
  const peer = {
    found: spawnSync('openssl', ['version']).status === 0,
    howToInstall: 'install the package openssl',
  }
  if (!requirePeer(t, 'openssl', peer)) return
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-jws-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const cut = TOKEN.lastIndexOf('.')
  writeFileSync(join(folder, 'key.pem'), publicKey.export({ format: 'pem', type: 'spki' }))
  writeFileSync(join(folder, 'signature'), Buffer.from(TOKEN.slice(cut + 1), 'base64url'))
  const verify = (input: string): string =>
    spawnSync('openssl', ['dgst', '-sha256', '-verify', 'key.pem', '-signature', 'signature'], {
      cwd: folder,
      input,
    }).stdout.toString()
  assert.match(verify(TOKEN.slice(0, cut)), /Verified OK/)
  assert.doesNotMatch(verify(`${TOKEN.slice(0, cut)}A`), /Verified OK/)
})

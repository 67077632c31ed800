import assert from 'node:assert/strict'
import { createPublicKey, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { decodeJwe } from '../../src/jose/jwe.ts'
import { publicKeyOf, publicNumbers } from '../../src/jose/jwk.ts'
import { decodeJws, type DecodedJws, verifyJws } from '../../src/jose/jws.ts'
import { type CaptureContext, parseCaptureContext } from '../../src/protocol/capture-context.ts'
import { FIELD_PATHS } from '../../src/protocol/field-catalogue.ts'
import { parseJti } from '../../src/protocol/jti.ts'
import { stringsMember } from '../../src/protocol/parse.ts'
import { parseTransientToken, type TransientToken } from '../../src/protocol/transient-token.ts'
import { readVector } from '../vector.ts'

const CONTEXTS = [
  'cc-api-0.1.0-guide-sn.txt',
  'cc-api-0.1.0-stage-j4.txt',
  'cc-mf-2.1.0-guide-j4-card-and-check.txt',
  'pair-mf-0.11.0-085IQL-cc.txt',
  'pair-mf-2.0.0-08zeS1-cc.txt',
]
const CONTEXT_OF_TOKEN = {
  'tt-api-0.1.0-guide.txt': 'cc-api-0.1.0-guide-sn.txt',
  'pair-mf-0.11.0-085IQL-tt.txt': 'pair-mf-0.11.0-085IQL-cc.txt',
  'pair-mf-2.0.0-08zeS1-tt.txt': 'pair-mf-2.0.0-08zeS1-cc.txt',
}
const TOKENS = [...Object.keys(CONTEXT_OF_TOKEN), 'tt-mf-2.1.0-no-prefix.txt']

const PUBLISHED = JSON.parse(readVector('longterm-public-keys.json')) as Record<string, string>

function publishedKey(kid: string): KeyObject {
  const spki = PUBLISHED[kid]
  assert.ok(spki !== undefined, kid)
  return createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' })
}

function jwsOf(name: string): DecodedJws {
  const jws = decodeJws(readVector(name))
  assert.ok(jws !== undefined, name)
  return jws
}

function contextOf(name: string): CaptureContext {
  const context = parseCaptureContext(jwsOf(name).claims)
  assert.ok(context !== undefined, name)
  return context
}

function tokenOf(name: string): TransientToken {
  const token = parseTransientToken(jwsOf(name).claims)
  assert.ok(token !== undefined, name)
  return token
}

test('every published capture context verifies with the long-term key of its kid, and with no other', () => {
  for (const name of CONTEXTS) {
    const jws = jwsOf(name)
    for (const kid of Object.keys(PUBLISHED)) {
      assert.equal(verifyJws(jws, publishedKey(kid)), kid === jws.header['kid'], `${name} ${kid}`)
    }
  }
})

test('every published transient token verifies with the session key of its capture context, and with no other', () => {
  for (const [tokenName, contextName] of Object.entries(CONTEXT_OF_TOKEN)) {
    const jws = jwsOf(tokenName)
    for (const name of CONTEXTS) {
      const { jwk } = contextOf(name).flx
      assert.equal(verifyJws(jws, publicKeyOf(jwk)), name === contextName, `${tokenName} ${name}`)
    }
    assert.equal(jws.header['kid'], contextOf(contextName).flx.jwk.kid)
  }
})

test('the header of every published token holds kid and alg only', () => {
  for (const name of [...CONTEXTS, ...TOKENS]) {
    assert.deepEqual(Object.keys(jwsOf(name).header), ['kid', 'alg'], name)
  }
})

test('every published capture context has the layout of the wire', () => {
  for (const name of CONTEXTS) {
    const { flx, ctx, iss, exp, iat, jti } = contextOf(name)
    assert.equal(flx.path, '/flex/v2/tokens')
    assert.match(flx.jwk.kid, /^[0-9]{2}[0-9A-Za-z]{30}$/)
    assert.equal(Buffer.from(flx.jwk.n, 'base64url').length, 256)
    assert.equal(ctx.length, 1)
    assert.ok(name.includes(`-${ctx[0]?.type}-`), name)
    assert.deepEqual([iss, exp - iat, jti.length], ['Flex API', 900, 16])
  }
})

test('every path that a published capture context declares is in the field catalogue', () => {
  for (const name of CONTEXTS.slice(0, 2)) {
    const data = contextOf(name).ctx[0]?.data ?? {}
    const declared = ['requiredFields', 'optionalFields'].flatMap((list) =>
      (stringsMember(data, list) ?? []).filter(
        (path) => !FIELD_PATHS.some((known) => known === path),
      ),
    )
    assert.deepEqual(declared, [], name)
    assert.notEqual(stringsMember(data, 'requiredFields')?.length, 0)
  }
})

test('the numbers of a published session key survive the way through a key object', () => {
  for (const name of CONTEXTS) {
    const { n, e } = contextOf(name).flx.jwk
    assert.deepEqual(publicNumbers(publicKeyOf({ n, e })), { n, e })
  }
})

test('every published jti has a good checksum and holds the expiry of its token', () => {
  for (const name of TOKENS) {
    const { jti, exp } = tokenOf(name)
    assert.equal(parseJti(jti)?.expiresAt, exp, name)
  }
})

test('the published token request comes apart into parts of 256, 12, 1917 and 16 bytes', () => {
  const jwe = decodeJwe(readVector('jwe-tokens-request-guide.txt'))
  assert.ok(jwe !== undefined)
  const { encryptedKey, iv, ciphertext, tag } = jwe
  assert.deepEqual(
    [encryptedKey, iv, ciphertext, tag].map((part) => part.length),
    [256, 12, 1917, 16],
  )
  assert.equal(jwe.kid, contextOf('cc-api-0.1.0-guide-sn.txt').flx.jwk.kid)
  assert.equal(jwe.oaepHash, 'sha1')
})

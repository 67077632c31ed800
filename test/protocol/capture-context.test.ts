import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createCaptureContext, parseCaptureContext } from '../../src/protocol/capture-context.ts'
import { isJsonObject, type JsonObject, parseJsonObject } from '../../src/protocol/parse.ts'
import { readVector } from '../vector.ts'
import { anyJson } from './arbitraries.ts'

const CONTEXT = createCaptureContext({
  origin: 'https://pay.example.com',
  jwk: { kty: 'RSA', e: 'AQAB', use: 'enc', n: 'pFrA', kid: '08Zq3vQhT0xYb1cN5mK7rW2sD9fG4jL6' },
  sealedData: 'AAAA',
  request: {
    requiredFields: ['paymentInformation.card.number'],
    optionalFields: ['paymentInformation.card.type'],
  },
  issuedAt: 1_700_000_000,
  expiresAt: 1_700_000_900,
  jti: 'rOAksGcp8Bgg6WLj',
})

function publishedClaims(): JsonObject {
  const part = readVector('cc-api-0.1.0-guide-sn.txt').split('.')[1] ?? ''
  return parseJsonObject(Buffer.from(part, 'base64url').toString()) ?? {}
}

/** The names of an object and all objects in it, in order, as `flx.jwk.kid`. */
function namesOf(value: unknown, prefix = ''): string[] {
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([name, inner]) => [
    prefix + name,
    ...namesOf(inner, `${prefix}${name}.`),
  ])
}

test('a context without a member, or with one of another type, is none', () => {
  const json = JSON.stringify(CONTEXT)
  const used = new Set(['flx.jwk.use', 'ctx'])
  for (const name of namesOf(CONTEXT).filter((one) => !used.has(one))) {
    for (const value of [undefined, null, true, [], name.startsWith('flx') ? 1 : {}]) {
      const claims = JSON.parse(json) as JsonObject
      const path = name.split('.')
      const last = path.pop() ?? ''
      const branch = path.reduce<Record<string, unknown>>(
        (object, step) => object[step] as Record<string, unknown>,
        claims,
      )
      branch[last] = value
      assert.equal(parseCaptureContext(claims), undefined, `${name} ${JSON.stringify(value)}`)
    }
  }
})

test('entries of ctx that are not of the right shape make the whole no context', () => {
  for (const ctx of [
    undefined,
    null,
    {},
    'a',
    [null],
    [[]],
    [{}],
    [{ type: 'a' }],
    [{ type: 1, data: {} }],
  ])
    assert.equal(parseCaptureContext({ ...CONTEXT, ctx }), undefined, JSON.stringify(ctx))
  const [entry] = CONTEXT.ctx
  assert.equal(parseCaptureContext({ ...CONTEXT, ctx: [entry, { data: {} }] }), undefined)
})

test('a session key of another type is refused', () => {
  const { flx } = CONTEXT
  for (const kty of ['EC', 'oct', 'rsa', null])
    assert.equal(
      parseCaptureContext({ ...CONTEXT, flx: { ...flx, jwk: { ...flx.jwk, kty } } }),
      undefined,
    )
})

test('any JSON object parses to a context or to nothing', () => {
  fc.assert(
    fc.property(anyJson, (json) => {
      const claims: unknown = JSON.parse(json)
      if (isJsonObject(claims)) assert.equal(parseCaptureContext(claims), undefined)
    }),
  )
})

test('a context is good for 15 minutes', () => {
  assert.equal(CONTEXT.exp - CONTEXT.iat, 900)
})

test('the claims have the names and the order of a published context', () => {
  assert.deepEqual(namesOf(CONTEXT), namesOf(publishedClaims()))
  assert.deepEqual(namesOf(CONTEXT.ctx[0]), namesOf((publishedClaims()['ctx'] as unknown[])[0]))
  assert.deepEqual(
    [CONTEXT.flx.path, CONTEXT.iss, CONTEXT.ctx[0]?.type],
    ['/flex/v2/tokens', 'Flex API', 'api-0.1.0'],
  )
})

test('what was built, and what was published, parses to itself', () => {
  assert.deepEqual(parseCaptureContext(JSON.parse(JSON.stringify(CONTEXT)) as JsonObject), CONTEXT)
  assert.deepEqual(parseCaptureContext(publishedClaims()), publishedClaims())
})

test('members that are not known are left out', () => {
  const { flx } = CONTEXT
  const claims = { ...CONTEXT, flx: { ...flx, jwk: { ...flx.jwk, d: 'x' }, more: 1 }, aud: 'x' }
  assert.deepEqual(parseCaptureContext(claims), CONTEXT)
})

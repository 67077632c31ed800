import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'

import { systemRandom } from '../../src/clock-and-random.ts'
import { createSigningKey } from '../../src/keys/signing-keys.ts'
import { correlationIdOf, readErrorOf } from '../error-reply.ts'
import { makeRootKey, openSession, publicKeyOf, readPart, type WireJwk } from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'

async function start(
  t: TestContext,
  options: Parameters<typeof startHarness>[0] = {},
): Promise<Harness> {
  const harness = await startHarness(options)
  t.after(() => harness.close())
  return harness
}

async function get({ service }: Harness, url: string) {
  return service.app.inject({ method: 'GET', url })
}

test('serves the bare JWK of a signing key, to be kept for an hour', async (t) => {
  const reply = await get(await start(t), '/flex/v2/public-keys/dv')
  assert.equal(reply.statusCode, 200)
  assert.equal(reply.headers['cache-control'], 'public, max-age=3600')
  assert.match(String(reply.headers['content-type']), /^application\/json\b/)
  assert.ok(correlationIdOf(reply))
  const jwk = reply.json() as WireJwk
  assert.deepEqual(Object.keys(jwk), ['kty', 'use', 'kid', 'n', 'e'])
  assert.deepEqual({ ...jwk, n: '' }, { kty: 'RSA', use: 'enc', kid: 'dv', n: '', e: 'AQAB' })
  assert.equal(publicKeyOf(jwk).asymmetricKeyDetails?.modulusLength, 2048)
})

test('serves the same keys as a JWKS whose entries sign', async (t) => {
  const harness = await start(t)
  const bare = (await get(harness, '/flex/v2/public-keys/dv')).json()
  const reply = await get(harness, '/.well-known/jwks.json')
  assert.equal(reply.headers['cache-control'], 'public, max-age=3600')
  assert.deepEqual(reply.json(), { keys: [{ ...bare, use: 'sig', alg: 'RS256' }] })
})

test('publishes a JWKS with which the jose package verifies a capture context', async (t) => {
  const harness = await start(t)
  const jwks = (await get(harness, '/.well-known/jwks.json')).json() as JSONWebKeySet
  const keys = createLocalJWKSet(jwks)
  const { jwt } = await openSession(harness)
  const { payload } = await jwtVerify(jwt, keys, { algorithms: ['RS256'], issuer: 'Flex API' })
  assert.ok(payload['ctx'])
})

test('signs with the newest key and publishes the others as well', async (t) => {
  const rootKey = makeRootKey()
  const first = await start(t, { rootKey })
  const kid = await createSigningKey(first.store, first.sealer, systemRandom)
  assert.match(kid, /^[0-9a-z]{2}$/)
  const second = await startHarness({ store: first.store, rootKey })
  const { jwt } = await openSession(second)
  assert.equal(readPart(jwt, 0)['kid'], kid)
  const { keys } = (await get(second, '/.well-known/jwks.json')).json() as { keys: WireJwk[] }
  assert.deepEqual(
    keys.map((key) => key.kid),
    ['dv', kid],
  )
  for (const each of ['dv', kid]) {
    assert.equal((await get(second, `/flex/v2/public-keys/${each}`)).statusCode, 200)
  }
  await second.service.close()
})

test('knows no other kid, and tells nobody to keep that', async (t) => {
  const harness = await start(t)
  for (const kid of ['zz', 'DV', 'd', 'dvv', '__proto__', 'constructor', '%64%76%00', 'd%2Fv']) {
    const reply = await get(harness, `/flex/v2/public-keys/${kid}`)
    assert.deepEqual(readErrorOf('PUBLIC_KEY_NOT_FOUND', reply).details, [])
  }
  assert.equal((await get(harness, '/flex/v2/public-keys/%64%76')).statusCode, 200)
})

test('never serves a session key', async (t) => {
  const harness = await start(t)
  const { jwk } = await openSession(harness)
  readErrorOf('PUBLIC_KEY_NOT_FOUND', await get(harness, `/flex/v2/public-keys/${jwk.kid}`))
  const { body } = await get(harness, '/.well-known/jwks.json')
  assert.ok(!body.includes(jwk.kid) && !body.includes(jwk.n))
})

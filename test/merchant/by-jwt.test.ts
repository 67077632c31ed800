import { strict as assert } from 'node:assert'
import { createHmac, randomUUID, sign } from 'node:crypto'
import { after, before, test } from 'node:test'

import type { LightMyRequestResponse } from 'fastify'

import { systemClock } from '../../src/clock-and-random.ts'
import { ServiceError } from '../../src/errors.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { readErrorOf } from '../error-reply.ts'
import { BUNDLED_KEYS, CARD_FIELDS, makeRootKey, stockPool } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import {
  encodeJson,
  sha256,
  signByJwt,
  type JwtChanges,
  type Signer,
  type Unsigned,
} from '../signed-request.ts'
import { createTestClock } from '../store/clock.ts'
import { makeFolder } from '../store/folder.ts'
import { openPostgres } from '../store/postgres-server.ts'
import { openRedis } from '../store/redis-server.ts'

const BODY = JSON.stringify({ fields: CARD_FIELDS })
const SESSIONS = { target: '/flex/v2/sessions', body: BODY }
const DETAILS = { method: 'GET', target: '/flex/v2/payment-details/x?a=%2F' } as const
const clock = createTestClock()
const iat = clock.seconds()

let harness: Harness

before(async () => {
  harness = await startHarness({ now: clock.now })
  await stockPool(harness, 'pool-key', { count: 60, now: clock.now() })
})
after(() => harness.close())

async function send(
  changes: JwtChanges = {},
  request: Unsigned = SESSIONS,
  signer: Signer = MERCHANT,
): Promise<LightMyRequestResponse> {
  return harness.service.app.inject(signByJwt(signer, request, { now: clock.now(), ...changes }))
}

async function refused(...words: Parameters<typeof send>): Promise<Record<string, unknown>> {
  const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', await send(...words))
  assert.ok(coatcheck)
  return coatcheck
}

async function accepted(...words: Parameters<typeof send>): Promise<void> {
  const reply = await send(...words)
  assert.equal(reply.statusCode, 201, reply.body)
}

const ACCEPTED: Readonly<Record<string, JwtChanges>> = {
  HS256: {},
  HS384: { header: { alg: 'HS384' } },
  HS512: { header: { alg: 'HS512' } },
  'a header with more members': { header: { cty: 'x', 'v-c-merchant-id': 'ignored' } },
  'the method in upper case': { claims: { 'request-method': 'POST' } },
  'digestAlgorithm, and a digest with its prefix': {
    claims: { digest: `SHA-256=${sha256(BODY)}`, digestAlgorithm: 'SHA-256' },
  },
  'any digest algorithm, in both spellings: it is always SHA-256': {
    claims: { 'digest-algorithm': 'MD5', digestAlgorithm: 7 },
  },
  'any request-host, issuer and version': {
    claims: { 'request-host': 'evil:1', iss: 'portfolio', 'v-c-jwt-version': 7 },
  },
  'no request-host, issuer or version': {
    claims: { 'request-host': undefined, iss: undefined, 'v-c-jwt-version': undefined },
  },
  'a life of 300 seconds': { claims: { exp: iat + 300 } },
  'a clock 5 minutes behind': { claims: { iat: iat - 300, exp: iat - 180 } },
  'a clock 5 minutes ahead': { claims: { iat: iat + 300, exp: iat + 600 } },
  'times as numbers in text': { claims: { iat: String(iat), exp: String(iat + 120) } },
  'fractions of a second': { claims: { iat: iat + 0.5, exp: iat + 120.5 } },
  'an exp within the tolerance': { claims: { iat: iat - 300, exp: iat - 300 } },
}

for (const [what, changes] of Object.entries(ACCEPTED)) {
  test(`accepts ${what}`, async () => accepted(changes))
}

const REFUSED: readonly (readonly [string, string, JwtChanges])[] = [
  ['ALGORITHM_NOT_ALLOWED', 'alg none', { header: { alg: 'none' }, sign: () => Buffer.alloc(1) }],
  ['TOKEN_UNREADABLE', 'no signature', { header: { alg: 'none' }, sign: () => Buffer.alloc(0) }],
  ['ALGORITHM_NOT_ALLOWED', 'RS256 with an HMAC', { header: { alg: 'RS256' }, sign: hmac }],
  ['ALGORITHM_NOT_ALLOWED', 'RS256 with RSA', { header: { alg: 'RS256' }, sign: rsa }],
  ['ALGORITHM_NOT_ALLOWED', 'hs256', { header: { alg: 'hs256' }, sign: hmac }],
  ['ALGORITHM_NOT_ALLOWED', 'no alg', { header: { alg: undefined }, sign: hmac }],
  ['ALGORITHM_NOT_ALLOWED', 'an alg that is no text', { header: { alg: ['HS256'] }, sign: hmac }],
  ['ALGORITHM_NOT_ALLOWED', 'crit', { header: { crit: ['exp'] } }],
  ['WRONG_SIGNATURE', 'HS512 with the MAC of HS256', { header: { alg: 'HS512' }, sign: hmac }],
  ['WRONG_SIGNATURE', 'half a MAC', { sign: (input) => hmac(input).subarray(0, 16) }],
  ['WRONG_SIGNATURE', 'another secret', { key: Buffer.alloc(32) }],
  ['WRONG_SIGNATURE', 'an empty secret', { key: '' }],
  ['UNKNOWN_KEY_ID', 'an unknown kid', { header: { kid: 'nobody' } }],
  ['UNKNOWN_KEY_ID', 'a kid of a prototype', { header: { kid: '__proto__' } }],
  ['TOKEN_WITHOUT_KEY_ID', 'an empty kid', { header: { kid: '' } }],
  ['TOKEN_WITHOUT_KEY_ID', 'a kid that is no text', { header: { kid: 7 } }],
  ['TOKEN_LIVES_TOO_LONG', 'a life of 301 seconds', { claims: { exp: iat + 301 } }],
  ['TOKEN_LIVES_TOO_LONG', 'a life without end', { claims: { exp: 1e308 } }],
  ['CLOCK_DIFFERS', 'a clock 301 s behind', { claims: { iat: iat - 301, exp: iat - 181 } }],
  ['CLOCK_DIFFERS', 'a clock 301 s ahead', { claims: { iat: iat + 301, exp: iat + 400 } }],
  ['CLOCK_DIFFERS', 'milliseconds for seconds', { claims: { iat: iat * 1000, exp: iat * 1000 } }],
  ['TOKEN_EXPIRED', 'an exp beyond the tolerance', { claims: { exp: iat - 301 } }],
  ['TOKEN_OF_OTHER_METHOD', 'another method', { claims: { 'request-method': 'get' } }],
  ['OTHER_MERCHANT', 'another merchant', { claims: { 'v-c-merchant-id': 'merchant-1' } }],
  ['DIGEST_OF_ANOTHER_BODY', 'another digest', { claims: { digest: sha256('x') } }],
  ['DIGEST_UNREADABLE', 'no digest at all', { claims: { digest: 'x' } }],
]

function hmac(input: string): Buffer {
  const key = Buffer.from(MERCHANT.secret, 'base64')
  return createHmac('sha256', key).update(input).digest()
}

function rsa(input: string): Buffer {
  const [key] = BUNDLED_KEYS
  assert.ok(key)
  return sign('RSA-SHA256', Buffer.from(input), key)
}

for (const [reason, what, changes] of REFUSED) {
  test(`refuses ${what}: ${reason}`, async () => {
    assert.equal((await refused(changes))['reason'], reason)
  })
}

for (const claim of [
  'iat',
  'exp',
  'jti',
  'request-method',
  'request-resource-path',
  'v-c-merchant-id',
  'digest',
]) {
  test(`demands the claim ${claim}, and in its type`, async () => {
    const values = [undefined, null, [], {}, true, claim === 'iat' || claim === 'exp' ? '1' : 1]
    for (const value of values) {
      const told = await refused({ claims: { [claim]: value } })
      assert.equal(told['reason'], 'TOKEN_CLAIM_MISSING')
      assert.deepEqual(told['claims'], [claim])
    }
  })
}

test('names every claim that is missing', async () => {
  const told = await refused({ claims: { iat: undefined, jti: '', digest: undefined } })
  assert.deepEqual(told['claims'], ['iat', 'jti', 'digest'])
})

test('accepts the path with or without its query, and no other', async () => {
  const [path = ''] = DETAILS.target.split('?')
  for (const each of [DETAILS.target, path]) {
    const claims = { 'request-resource-path': each }
    readErrorOf('TOKEN_NOT_FOUND', await send({ claims }, DETAILS))
  }
  const others = ['/', `${path}/`, `${path}?`, `${path}?a=/`, path.toUpperCase(), `http://x${path}`]
  for (const other of others) {
    const told = await refused({ claims: { 'request-resource-path': other } }, DETAILS)
    assert.equal(told['reason'], 'TOKEN_OF_OTHER_PATH')
    assert.equal(told['expected'], DETAILS.target)
    assert.equal(told['received'], other)
  }
})

test('a GET with a body is malformed, whatever the claim digest says', async () => {
  const withBody = { ...DETAILS, body: JSON.stringify({}) }
  readErrorOf('REQUEST_MALFORMED', await send({}, withBody))
  readErrorOf('REQUEST_MALFORMED', await send({ claims: { digest: sha256('another') } }, withBody))
})

test('tells the first byte in which the paths differ', async () => {
  const other = '/flex/v2/payment-detail/x'
  const told = await refused({ claims: { 'request-resource-path': other } }, DETAILS)
  const { index } = told['firstDifference'] as { readonly index: number }
  assert.equal(index, '/flex/v2/payment-detail'.length)
})

test('takes the word of a token about its body only', async () => {
  const signed = signByJwt(MERCHANT, SESSIONS, { now: clock.now() })
  for (const payload of [`${BODY}\n`, JSON.stringify(JSON.parse(BODY), null, 2), '{}']) {
    const reply = await harness.service.app.inject({ ...signed, payload })
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
    assert.equal(coatcheck?.['reason'], 'DIGEST_OF_ANOTHER_BODY')
  }
  assert.equal((await harness.service.app.inject(signed)).statusCode, 201)
})

test('recognises a secret that was not decoded', async () => {
  assert.match(
    String((await refused({ key: MERCHANT.secret }))['mistake']),
    /decode it from base64/,
  )
})

test('binds each credential to its merchant', async () => {
  const [first, second] = [await harness.addMerchant(), await harness.addMerchant()]
  await accepted({}, SESSIONS, first)
  const foreign = await refused({}, SESSIONS, { ...first, merchantId: second.merchantId })
  assert.equal(foreign['reason'], 'OTHER_MERCHANT')
  const stolen = await refused({}, SESSIONS, { ...second, keyId: first.keyId })
  assert.equal(stolen['reason'], 'WRONG_SIGNATURE')
})

test('keeps the jtis of two credentials apart', async () => {
  const other = await harness.addMerchant()
  const claims = { jti: randomUUID() }
  await accepted({ claims })
  await accepted({ claims }, SESSIONS, other)
  assert.equal((await refused({ claims }))['reason'], 'TOKEN_REPLAYED')
})

test('spends a jti only on a request that is let in', async () => {
  const claims = { jti: randomUUID() }
  await refused({ claims, key: Buffer.alloc(32) })
  await refused({ claims: { ...claims, 'request-method': 'get' } })
  await refused({ claims: { ...claims, 'v-c-merchant-id': 'merchant-1' } })
  await accepted({ claims })
  assert.equal((await refused({ claims }))['reason'], 'TOKEN_REPLAYED')
})

for (const [what, { iat: from, exp: to }, steps] of [
  ['of the longest life', { iat: 300, exp: 600 }, [300, 299, 1]],
  ['that has expired, within the tolerance', { iat: 0, exp: 120 }, [121, 178, 1]],
] as const) {
  test(`remembers a jti as long as its token could be used, and no longer: one ${what}`, async () => {
    const aging = createTestClock()
    const other = await startHarness({ now: aging.now })
    const began = aging.seconds()
    const signed = signByJwt(MERCHANT, SESSIONS, {
      now: aging.now(),
      claims: { iat: began + from, exp: began + to },
    })
    assert.equal((await other.service.app.inject(signed)).statusCode, 201)
    for (const seconds of steps) {
      aging.advance(seconds)
      const reply = await other.service.app.inject(signed)
      const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
      assert.equal(coatcheck?.['reason'], 'TOKEN_REPLAYED')
    }
    aging.advance(1)
    const reply = await other.service.app.inject(signed)
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
    assert.equal(coatcheck?.['reason'], 'CLOCK_DIFFERS')
    aging.advance(began + to + 300 - aging.seconds())
    assert.equal((await other.store.list('jwt-id')).length, 1)
    aging.advance(1)
    assert.equal((await other.store.list('jwt-id')).length, 0)
    await other.close()
  })
}

test('refuses a jti that is too long to be kept', async () => {
  await accepted({ claims: { jti: 'x'.repeat(128) } })
  const told = await refused({ claims: { jti: 'x'.repeat(129) } })
  assert.deepEqual(told['claims'], ['jti'])
})

const STORES = {
  memory: () => createMemoryStore(systemClock),
  SQLite: () => openSqliteStore({ folder: makeFolder(), mode: 'dev', now: systemClock }),
  PostgreSQL: openPostgres,
  Redis: openRedis,
} as const

for (const [engine, makeStore] of Object.entries(STORES)) {
  test(`lets exactly one of 20 concurrent uses of a token win, on ${engine}`, async (t) => {
    const store = await makeStore(t)
    if (store === undefined) return
    const rootKey = makeRootKey()
    const here = await startHarness({ store, rootKey })
    const replica = await startHarness({ store: here.store, rootKey })
    const signed = signByJwt(MERCHANT, SESSIONS)
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? here : replica).service.app.inject(signed),
      ),
    )
    const refusals = replies.filter(({ statusCode }) => statusCode !== 201)
    assert.equal(refusals.length, 19)
    for (const reply of refusals) {
      const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
      assert.equal(coatcheck?.['reason'], 'TOKEN_REPLAYED')
    }
    await replica.service.close()
    await here.close()
  })
}

test('lets nobody in when the jti cannot be recorded', async () => {
  const store = createMemoryStore(systemClock)
  let isDown = false
  const failing: typeof store = {
    ...store,
    write: async (batch) => {
      if (isDown) throw new ServiceError('STORE_UNAVAILABLE', { retryAfterSeconds: 1 })
      return store.write(batch)
    },
  }
  const other = await startHarness({ store: failing })
  isDown = true
  const reply = await other.service.app.inject(signByJwt(MERCHANT, SESSIONS))
  readErrorOf('STORE_UNAVAILABLE', reply)
  assert.equal(reply.headers['retry-after'], '1')
  isDown = false
  await other.close()
})

const NOT_TOKENS = [
  'x',
  'x.y',
  'x.y.z',
  'e30.e30.',
  'e30..AA',
  '.e30.AA',
  'e30.e30.AA.AA',
  'e30=.e30.AA',
]
const NOT_OBJECTS = [
  `${encodeJson([])}.${encodeJson({})}.AA`,
  `${encodeJson({})}.${encodeJson(7)}.AA`,
]

for (const token of [...NOT_TOKENS, ...NOT_OBJECTS]) {
  test(`cannot read the bearer token ${token}`, async () => {
    const headers = { authorization: `Bearer ${token}` }
    const reply = await harness.service.app.inject({ method: 'GET', url: DETAILS.target, headers })
    const { coatcheck } = readErrorOf('AUTHENTICATION_FAILED', reply)
    assert.equal(coatcheck?.['reason'], 'TOKEN_UNREADABLE')
  })
}

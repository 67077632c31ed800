import { strict as assert } from 'node:assert'
import { test, type TestContext } from 'node:test'

import type { LightMyRequestResponse } from 'fastify'

import { createJti } from '../../src/protocol/jti.ts'
import { correlationIdOf, readErrorOf } from '../error-reply.ts'
import { CARD, createToken, jtiOf, openSession, PAN } from '../flow.ts'
import { MERCHANT, startHarness, type Harness } from '../harness.ts'
import { encodeJson, SCHEMES, type Signer } from '../signed-request.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'

interface Started extends Harness {
  readonly clock: TestClock
  get(path: string, signer?: Signer): Promise<LightMyRequestResponse>
}

async function start(t: TestContext, scheme: keyof typeof SCHEMES = 'jwt'): Promise<Started> {
  const clock = createTestClock()
  const harness = await startHarness({ now: clock.now })
  t.after(() => harness.close())
  const get = (target: string, signer: Signer = MERCHANT) => {
    const signed = SCHEMES[scheme](signer, { method: 'GET', target }, { now: clock.now() })
    return harness.service.app.inject(signed)
  }
  return { ...harness, clock, get }
}

const FIELDS = {
  paymentInformation: {
    card: { number: {}, securityCode: {}, expirationMonth: {}, expirationYear: {}, type: {} },
  },
  orderInformation: {
    amountDetails: { totalAmount: {}, currency: {} },
    billTo: { lastName: {}, email: { required: false } },
    shipTo: { country: {} },
  },
}

const DATA = {
  ...CARD,
  orderInformation: {
    amountDetails: { totalAmount: '21.00', currency: 'USD' },
    billTo: { lastName: 'Ærøskøbing 漢字' },
    shipTo: { country: 'DK' },
  },
}

const DETAILS = {
  paymentInformation: {
    card: {
      number: 'XXXXXXXXXXXX1111',
      expirationMonth: '12',
      expirationYear: '2031',
      type: '001',
    },
  },
  orderInformation: DATA.orderInformation,
}

async function makeToken(harness: Started, signer: Signer = MERCHANT): Promise<string> {
  const now = harness.clock.now()
  return createToken(harness, await openSession(harness, { fields: FIELDS, signer, now }), DATA)
}

const BY_JTI = '/flex/v2/payment-details/'
const BY_TOKEN = '/up/v1/payment-details/'

for (const scheme of ['http_signature', 'jwt'] as const) {
  test(`shows what was captured, by jti and by token, to a merchant known by ${scheme}`, async (t) => {
    const harness = await start(t, scheme)
    const token = await makeToken(harness)
    for (const path of [BY_JTI + jtiOf(token), BY_TOKEN + token]) {
      const reply = await harness.get(path)
      assert.equal(reply.statusCode, 200)
      assert.match(String(reply.headers['content-type']), /^application\/json\b/)
      assert.equal(reply.headers['cache-control'], 'no-store')
      assert.ok(correlationIdOf(reply))
      assert.deepEqual(reply.json(), DETAILS)
    }
  })
}

test('never shows the security code nor the number', async (t) => {
  const harness = await start(t)
  const { body } = await harness.get(BY_JTI + jtiOf(await makeToken(harness)))
  for (const secret of ['securityCode', '737', PAN, PAN.slice(0, 12)]) {
    assert.ok(!body.includes(secret), secret)
  }
})

test('answers again and again, until 15 minutes have passed', async (t) => {
  const harness = await start(t)
  const path = BY_JTI + jtiOf(await makeToken(harness))
  for (const _ of [1, 2, 3]) assert.equal((await harness.get(path)).statusCode, 200)
  harness.clock.advance(899)
  assert.equal((await harness.get(path)).statusCode, 200)
  harness.clock.advance(1)
  readErrorOf('TOKEN_NOT_FOUND', await harness.get(path))
})

test('reads a token whose session key is gone, and one padded to 8 KiB', async (t) => {
  const harness = await start(t)
  const token = await makeToken(harness)
  const [header, , signature] = token.split('.')
  const long = `${header}.${encodeJson({ ballast: 'x'.repeat(5000), jti: jtiOf(token) })}.${signature}`
  assert.ok(long.length > 7000 && long.length < 8192)
  assert.deepEqual((await harness.get(BY_TOKEN + long)).json(), DETAILS)
})

test('answers unknown, foreign, malformed and expired tokens with the same 404', async (t) => {
  const harness = await start(t)
  const other = await harness.addMerchant()
  const [expired, foreign] = [await makeToken(harness), await makeToken(harness, other)]
  const own = jtiOf(await makeToken(harness))
  harness.clock.advance(600)
  const fresh = await makeToken(harness, other)
  harness.clock.advance(300)
  const unknown = createJti(Buffer.alloc(32, 7), 'E', harness.clock.seconds() + 900)
  const references = [
    jtiOf(expired),
    expired,
    jtiOf(foreign),
    jtiOf(fresh),
    fresh,
    unknown,
    `${own}0`,
    own.slice(1),
    own.toLowerCase(),
    own.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    'x',
    PAN,
    '__proto__',
    '%2e%2e%2f',
    '%00',
    '%F0%9F%90%89',
    `${encodeJson({})}.${encodeJson({ jti: unknown })}.AA`,
    `${encodeJson({})}.${encodeJson({ jti: 7 })}.AA`,
    `${encodeJson({})}.${encodeJson([])}.AA`,
  ]
  const seen = new Set<string>()
  for (const base of [BY_JTI, BY_TOKEN]) {
    for (const reference of references) {
      const reply = await harness.get(base + reference)
      const { correlationId } = readErrorOf('TOKEN_NOT_FOUND', reply)
      const { date: _date, ...headers } = reply.headers
      const whole = JSON.stringify([headers, reply.body])
      seen.add(whole.replaceAll(correlationId, 'id'))
      assert.equal(seen.size, 1, `${base}${reference}: ${reply.body}`)
    }
  }
  assert.equal((await harness.get(BY_JTI + jtiOf(fresh), other)).statusCode, 200)
})

test('asks who is calling before it looks at the token', async (t) => {
  const harness = await start(t)
  const token = await makeToken(harness)
  for (const url of [BY_JTI + jtiOf(token), BY_JTI + 'x', BY_TOKEN + token, BY_TOKEN]) {
    readErrorOf('HEADERS_MISSING', await harness.service.app.inject({ method: 'GET', url }))
  }
})

test('keeps neither the jti nor the card readable in the store', async (t) => {
  const harness = await start(t)
  const jti = jtiOf(await makeToken(harness))
  const records = [
    ...(await harness.store.list('card')),
    ...(await harness.store.list('security-code')),
  ]
  assert.equal(records.length, 2)
  for (const { name, value } of records) {
    assert.match(name, /^[0-9A-F]{8}[\w-]{43}$/)
    const bytes = value.toString('latin1')
    for (const secret of [jti, PAN, '737', 'Ær', '2031']) assert.ok(!bytes.includes(secret))
  }
})

import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import type { LightMyRequestResponse } from 'fastify'
import fc from 'fast-check'

import { createJti } from '../../../src/protocol/jti.ts'
import { readErrorOf } from '../../error-reply.ts'
import {
  BUNDLED_KEYS,
  createToken,
  jtiOf,
  openSession,
  PAN,
  readPart,
  signContext,
} from '../../flow.ts'
import { encodeJson } from '../../signed-request.ts'
import { paymentBy, read, startPaying } from './pay.ts'

const INVALID = 'Declined - One or more fields in the request contains invalid data'
const MISSING = 'Declined - The request is missing one or more fields'

/** Asserts the documented body of a refusal and returns why, as dev mode says it. */
function refused(
  reply: LightMyRequestResponse,
  reason: 'INVALID_DATA' | 'MISSING_FIELD',
  fields: readonly string[],
): string {
  assert.equal(reply.statusCode, 400, reply.body)
  const { id, submitTimeUtc, coatcheck, ...body } = read(reply)
  assert.match(String(id), /^[0-9]{22}$/)
  assert.match(String(submitTimeUtc), /^[0-9-]{10}T[0-9:]{8}Z$/)
  assert.deepEqual(body, {
    status: 'INVALID_REQUEST',
    reason,
    message: reason === 'INVALID_DATA' ? INVALID : MISSING,
    details: fields.map((field) => ({ field, reason })),
  })
  const { stub, why } = coatcheck as { readonly stub: boolean; readonly why: readonly string[] }
  assert.equal(stub, true)
  return why.join(' ')
}

const TOKEN = ['tokenInformation.jti']

test('an expired, an unknown, a foreign and a cut token get the documented body, and dev mode says which it was', async (t) => {
  const harness = await startPaying(t)
  const other = await harness.addMerchant()
  const jwt = await harness.token()
  const exp = Math.floor(harness.clock.now().getTime() / 1000) + 500
  const unknown = createJti(Buffer.alloc(32, 7), 'E', exp)
  const cut = jtiOf(jwt).slice(0, -1)
  const cases = [
    [{ jti: unknown }, /of another service/],
    [{ jti: cut }, /cut or changed/],
    [{ jti: PAN }, /cut or changed/],
    [{ transientTokenJwt: 'aaa.bbb.ccc' }, /not a transient token/],
    [{ transientTokenJwt: jtiOf(jwt) }, /not a transient token/],
    [{ jti: jwt }, /cut or changed/],
    [{ jti: jtiOf(await harness.token()), transientTokenJwt: jwt }, /not of this jti/],
  ] as const
  for (const [token, why] of cases) {
    const reply = await harness.pay(paymentBy(jwt, { token }))
    assert.match(refused(reply, 'INVALID_DATA', TOKEN), why)
  }
  for (const token of [{ jti: jtiOf(jwt) }, { transientTokenJwt: jwt }]) {
    const foreign = await harness.pay(paymentBy(jwt, { token }), other)
    assert.match(refused(foreign, 'INVALID_DATA', TOKEN), /another merchant/)
  }
  harness.clock.advance(899)
  assert.equal((await harness.pay(paymentBy(jwt))).statusCode, 201)
  harness.clock.advance(1)
  for (const token of [{ jti: jtiOf(jwt) }, { transientTokenJwt: jwt }]) {
    const late = await harness.pay(paymentBy(jwt, { token }))
    assert.match(refused(late, 'INVALID_DATA', TOKEN), /expired/)
  }
})

test('a transient token that was signed by another key, or changed, is refused', async (t) => {
  const harness = await startPaying(t)
  const jwt = await harness.token()
  const [header, claims] = [readPart(jwt, 0), readPart(jwt, 1)]
  const [, , signature = ''] = jwt.split('.')
  const own = BUNDLED_KEYS.map((key) => signContext(claims, { key, header }))
  // The session's own key is one of the bundled handful.
  assert.equal(own.filter((signed) => signed === jwt).length, 1)
  const forgeries = [
    ...own.filter((signed) => signed !== jwt),
    signContext(claims, { header }),
    `${encodeJson(header)}.${encodeJson({ ...claims, exp: Number(claims['exp']) + 60 })}.${signature}`,
    `${encodeJson({ ...header, alg: 'none' })}.${encodeJson(claims)}.${signature}`,
    `${encodeJson({ ...header, crit: ['x'] })}.${encodeJson(claims)}.${signature}`,
  ]
  for (const transientTokenJwt of forgeries) {
    const reply = await harness.pay(paymentBy(jwt, { token: { transientTokenJwt } }))
    assert.match(refused(reply, 'INVALID_DATA', TOKEN), /signature is not that of the session key/)
  }
})

test('the last token of a session is paid with although its key is erased, and the reply says so', async (t) => {
  const harness = await startPaying(t)
  const now = harness.clock.now()
  const session = await openSession(harness, { now })
  let jwt = ''
  for (let count = 0; count < 10; count += 1) jwt = await createToken(harness, session)
  const reply = await harness.pay(paymentBy(jwt, { token: { transientTokenJwt: jwt } }))
  assert.equal(reply.statusCode, 201, reply.body)
  const { signature } = read(reply)['coatcheck'] as Record<string, unknown>
  assert.match(String(signature), /^not checked: the session key is gone/)
})

const AMOUNT = 'orderInformation.amountDetails.totalAmount'
const CURRENCY = 'orderInformation.amountDetails.currency'

test('every missing field is named at once', async (t) => {
  const harness = await startPaying(t)
  const jwt = await harness.token()
  const cases = [
    [{}, [AMOUNT, CURRENCY]],
    [{ totalAmount: '1' }, [CURRENCY]],
    [{ currency: 'USD' }, [AMOUNT]],
    [{ totalAmount: '', currency: '' }, [AMOUNT, CURRENCY]],
  ] as const
  for (const [amount, fields] of cases) {
    refused(await harness.pay(paymentBy(jwt, { amount })), 'MISSING_FIELD', fields)
  }
  const bare = await harness.pay({ paymentInformation: { card: { number: PAN } } })
  assert.match(
    refused(bare, 'MISSING_FIELD', [...TOKEN, AMOUNT, CURRENCY]),
    /transient tokens only/,
  )
})

test('a token without a card number cannot be paid with', async (t) => {
  const harness = await startPaying(t)
  const fields = { orderInformation: { billTo: { lastName: {} } } }
  const data = { orderInformation: { billTo: { lastName: 'Solo' } } }
  const jwt = await harness.token(data, { fields })
  const reply = await harness.pay(paymentBy(jwt))
  refused(reply, 'MISSING_FIELD', ['paymentInformation.card.number'])
})

test('values of the request are checked by the rules of captured ones, all at once', async (t) => {
  const harness = await startPaying(t)
  const jwt = await harness.token()
  const card = { number: '4111111111111129', expirationMonth: '13' }
  const wrong = {
    tokenInformation: { jti: jtiOf(jwt) },
    paymentInformation: { card },
    orderInformation: {
      amountDetails: { totalAmount: '-1', currency: 'usd' },
      billTo: { country: 'USA' },
    },
  }
  const why = refused(await harness.pay(wrong), 'INVALID_DATA', [
    'paymentInformation.card.expirationMonth',
    AMOUNT,
    CURRENCY,
    'orderInformation.billTo.country',
    'paymentInformation.card.number',
  ])
  assert.match(why, /published test card/)
  assert.ok(!why.includes('4111'))
  const numbers = paymentBy(jwt, { amount: { totalAmount: 5, currency: ['USD'] } })
  refused(await harness.pay(numbers), 'INVALID_DATA', [AMOUNT, CURRENCY])
  const jti = paymentBy(jwt, { token: { jti: 7 } })
  refused(await harness.pay(jti), 'INVALID_DATA', TOKEN)
})

test('a body that is not a JSON object gets the same kind of answer', async (t) => {
  const harness = await startPaying(t)
  for (const body of ['', '[]', '{', 'null', '"x"', '\u{FEFF}{}']) {
    const why = refused(await harness.pay(body), 'INVALID_DATA', [])
    assert.match(why, /not a JSON object/)
  }
  readErrorOf('BODY_TOO_LARGE', await harness.pay({ x: 'x'.repeat(70_000) }))
})

test('no JSON makes it answer with anything but 201 or 400', async (t) => {
  const harness = await startPaying(t)
  const jti = jtiOf(await harness.token())
  const member = fc.option(fc.oneof(fc.jsonValue(), fc.constant(jti)), { nil: undefined })
  const body = fc.record({
    tokenInformation: fc.oneof(
      fc.record({ jti: member, transientTokenJwt: member }),
      fc.jsonValue(),
    ),
    orderInformation: fc.oneof(
      fc.record({ amountDetails: fc.record({ totalAmount: member, currency: member }) }),
      fc.jsonValue(),
    ),
    paymentInformation: fc.jsonValue(),
    clientReferenceInformation: fc.jsonValue(),
  })
  await fc.assert(
    fc.asyncProperty(body, async (asked) => {
      const { statusCode } = await harness.pay(asked)
      assert.ok(statusCode === 201 || statusCode === 400)
    }),
    { numRuns: 200 },
  )
})

import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { DEV_PRESET } from '../../../src/dev/preset.ts'
import { AUTHORIZED, OUTCOMES } from '../../../src/dev/payments/outcomes.ts'
import { correlationIdOf, readErrorOf } from '../../error-reply.ts'
import { CARD, CARD_FIELDS, jtiOf, PAN } from '../../flow.ts'
import { MERCHANT } from '../../harness.ts'
import { SCHEMES } from '../../signed-request.ts'
import { paymentBy, PAYMENTS, read, startPaying } from './pay.ts'

const STUB = 'Simulated by the emulator: no money moves, and no processor or bank was asked.'

test('a payment by jti or by the whole token is authorised, and says that it is a stub', async (t) => {
  const harness = await startPaying(t)
  const jwt = await harness.token()
  const forms = [
    [{ jti: jtiOf(jwt) }, 'a jti has none'],
    [{ transientTokenJwt: jwt }, 'verified'],
    [{ jti: jtiOf(jwt), transientTokenJwt: jwt }, 'verified'],
    [{ jti: '', transientTokenJwt: jwt }, 'verified'],
  ] as const
  for (const [token, signature] of forms) {
    const reply = await harness.pay(paymentBy(jwt, { token }))
    assert.equal(reply.statusCode, 201, reply.body)
    correlationIdOf(reply)
    assert.match(reply.headers['content-type'] ?? '', /^application\/json/)
    assert.equal(reply.headers['cache-control'], 'no-store')
    const { id, submitTimeUtc, reconciliationId, processorInformation, ...body } = read(reply)
    assert.match(String(id), /^[0-9]{22}$/)
    assert.equal(
      submitTimeUtc,
      harness.clock
        .now()
        .toISOString()
        .replace(/\.\d+Z/, 'Z'),
    )
    assert.match(String(reconciliationId), /^[0-9]{10}$/)
    assert.deepEqual(body, {
      status: 'AUTHORIZED',
      clientReferenceInformation: { code: 'order-1' },
      orderInformation: {
        amountDetails: { totalAmount: '10.50', authorizedAmount: '10.50', currency: 'EUR' },
      },
      paymentAccountInformation: { card: { type: '001' } },
      paymentInformation: {
        bin: '411111',
        card: {
          type: '001',
          prefix: '411111',
          suffix: '1111',
          expirationMonth: '12',
          expirationYear: '2031',
        },
        tokenizedCard: { type: '001' },
      },
      coatcheck: { stub: true, message: STUB, signature, overridden: [] },
    })
    const { responseCode, approvalCode } = processorInformation as Record<string, unknown>
    assert.equal(responseCode, '00')
    assert.match(String(approvalCode), /^[0-9]{6}$/)
  }
})

test('the number appears nowhere but as its first six and last four digits', async (t) => {
  const harness = await startPaying(t)
  const jwt = await harness.token()
  const { body } = await harness.pay(paymentBy(jwt))
  for (const text of [body, ...harness.lines]) {
    assert.ok(!text.includes(PAN) && !text.includes(jtiOf(jwt)) && !text.includes('"737"'))
  }
  assert.ok(harness.lines.some((line) => line.includes('payment.simulated')))
})

test('a token that may be used once is paid with once, of however many payments at once; a refusal is no use', async (t) => {
  const harness = await startPaying(t)
  const signer = await harness.addMerchant({ usesPerToken: 1 })
  const jwt = await harness.token(undefined, { signer })
  const refused = { totalAmount: '2401', currency: 'EUR' }
  assert.equal((await harness.pay(paymentBy(jwt, { amount: refused }), signer)).statusCode, 400)
  const replies = await Promise.all(
    Array.from({ length: 5 }, () => harness.pay(paymentBy(jwt), signer)),
  )
  const again = await harness.pay(paymentBy(jwt), signer)
  assert.equal(again.statusCode, 400)
  const paid = replies.filter(({ statusCode }) => statusCode === 201)
  assert.equal(paid.length, 1)
  for (const reply of [again, ...replies.filter((each) => !paid.includes(each))]) {
    const { details, coatcheck } = read(reply)
    assert.deepEqual(details, [{ field: 'tokenInformation.jti', reason: 'INVALID_DATA' }])
    const { why } = coatcheck as { readonly why: readonly string[] }
    assert.deepEqual(why, ['It was used as often as usesPerToken lets it.'])
  }
})

test('0 uses of a token means as often as one likes, whatever the service is set to', async (t) => {
  const limits = { ...DEV_PRESET.sessionLimits, uses: 1 }
  const harness = await startPaying(t, { sessionLimits: limits })
  const free = await harness.addMerchant({ usesPerToken: 0 })
  const jwts = [await harness.token(), await harness.token(undefined, { signer: free })] as const
  const codes: number[] = []
  for (let time = 0; time < 2; time += 1) {
    codes.push((await harness.pay(paymentBy(jwts[0]))).statusCode)
    codes.push((await harness.pay(paymentBy(jwts[1]), free)).statusCode)
  }
  assert.deepEqual(codes, [201, 201, 400, 201])
})

test('the security code is used up by the first payment', async (t) => {
  const harness = await startPaying(t)
  const jwt = await harness.token()
  const verification = async (others?: object): Promise<unknown> => {
    const { processorInformation } = read(
      await harness.pay(paymentBy(jwt, others === undefined ? {} : { others })),
    )
    return (processorInformation as Record<string, unknown>)['cardVerification']
  }
  assert.deepEqual(await verification(), { resultCode: 'M' })
  assert.equal((await harness.store.list('security-code')).length, 0)
  assert.equal(await verification(), undefined)
  const own = { paymentInformation: { card: { securityCode: '123' } } }
  assert.deepEqual(await verification(own), { resultCode: 'M' })
})

test('values of the request win over those of the token, and the reply names them', async (t) => {
  const harness = await startPaying(t)
  const fields = {
    ...CARD_FIELDS,
    orderInformation: {
      amountDetails: { totalAmount: {}, currency: {} },
      billTo: { postalCode: {}, lastName: {} },
    },
  }
  const orderInformation = {
    amountDetails: { totalAmount: '21.00', currency: 'USD' },
    billTo: { postalCode: '94545', lastName: 'Solo' },
  }
  const jwt = await harness.token({ ...CARD, orderInformation }, { fields })
  const tokenInformation = { transientTokenJwt: jwt }
  const captured = read(await harness.pay({ tokenInformation }))
  assert.deepEqual(captured['orderInformation'], {
    amountDetails: { totalAmount: '21.00', authorizedAmount: '21.00', currency: 'USD' },
  })
  const { avs } = captured['processorInformation'] as Record<string, unknown>
  assert.deepEqual(avs, { code: 'Y' })
  const own = {
    tokenInformation,
    paymentInformation: {
      card: { number: '5555555555554444', type: '002', expirationYear: '2035' },
    },
    orderInformation: {
      amountDetails: { totalAmount: '5', currency: 'USD' },
      billTo: { lastName: '' },
    },
  }
  const overridden = read(await harness.pay(own))
  assert.deepEqual(overridden['orderInformation'], {
    amountDetails: { totalAmount: '5', authorizedAmount: '5', currency: 'USD' },
  })
  const { card } = overridden['paymentInformation'] as Record<string, unknown>
  assert.deepEqual(card, {
    type: '002',
    prefix: '555555',
    suffix: '4444',
    expirationMonth: '12',
    expirationYear: '2035',
  })
  const { overridden: named } = overridden['coatcheck'] as Record<string, unknown>
  assert.deepEqual(named, [
    'paymentInformation.card.number',
    'paymentInformation.card.type',
    'paymentInformation.card.expirationYear',
    'orderInformation.amountDetails.totalAmount',
  ])
})

test('the amount decides the outcome, as the table says', async (t) => {
  const harness = await startPaying(t)
  const jwt = await harness.token()
  for (const [amount, outcome] of Object.entries(OUTCOMES)) {
    for (const totalAmount of [amount, `${amount}.00`, `0${amount}.0`]) {
      const reply = await harness.pay(paymentBy(jwt, { amount: { totalAmount, currency: 'USD' } }))
      assert.equal(reply.statusCode, outcome.httpStatus, totalAmount)
      const { status, reason, errorInformation, coatcheck } = read(reply)
      assert.equal(status, outcome.status)
      const error = errorInformation as { readonly reason: string } | undefined
      assert.equal(outcome.httpStatus === 201 ? error?.reason : reason, outcome.reason)
      assert.equal((coatcheck as Record<string, unknown>)['stub'], true)
    }
  }
  for (const totalAmount of ['2001.01', '12001', '0', '200', '20010', '2000']) {
    const reply = await harness.pay(paymentBy(jwt, { amount: { totalAmount, currency: 'USD' } }))
    assert.equal(read(reply)['status'], AUTHORIZED.status, totalAmount)
  }
})

test('a declined payment authorises nothing; one that is authorised in part says how much', async (t) => {
  const harness = await startPaying(t)
  const jwt = await harness.token()
  const pay = async (totalAmount: string): Promise<Record<string, unknown>> =>
    read(await harness.pay(paymentBy(jwt, { amount: { totalAmount, currency: 'JPY' } })))
  const declined = await pay('2002')
  assert.deepEqual(declined['orderInformation'], {
    amountDetails: { totalAmount: '2002', currency: 'JPY' },
  })
  const processor = declined['processorInformation'] as Record<string, unknown>
  assert.deepEqual([processor['responseCode'], processor['approvalCode']], ['51', undefined])
  assert.deepEqual((await pay('2011'))['orderInformation'], {
    amountDetails: { totalAmount: '2011', authorizedAmount: '1000', currency: 'JPY' },
  })
  const broken = await pay('2502')
  const members = ['id', 'submitTimeUtc', 'status', 'reason', 'message', 'coatcheck']
  assert.deepEqual(Object.keys(broken), members)
})

for (const [scheme, sign] of Object.entries(SCHEMES)) {
  test(`asks who is calling before it looks at the payment, by ${scheme}`, async (t) => {
    const harness = await startPaying(t)
    const request = { target: PAYMENTS, body: JSON.stringify(paymentBy(await harness.token())) }
    const { app } = harness.service
    const now = harness.clock.now()
    assert.equal((await app.inject(sign(MERCHANT, request, { now }))).statusCode, 201)
    const wrong = sign({ ...MERCHANT, secret: 'd3Jvbmc=' }, request, { now })
    readErrorOf('AUTHENTICATION_FAILED', await app.inject(wrong))
    readErrorOf(
      'HEADERS_MISSING',
      await app.inject({ method: 'POST', url: PAYMENTS, payload: request.body }),
    )
  })
}

test('other methods are refused', async (t) => {
  const { service } = await startPaying(t)
  const reply = await service.app.inject({ method: 'GET', url: PAYMENTS })
  readErrorOf('METHOD_NOT_ALLOWED', reply)
})

import { strict as assert } from 'node:assert'
import { before, after, beforeEach, test } from 'node:test'
import { FlexError, OperatorError, startCoatcheck, type Coatcheck } from 'coatcheck/testing'

let coatcheck: Coatcheck
before(async () => {
  coatcheck = await startCoatcheck()
})
beforeEach(() => coatcheck.reset())
after(() => coatcheck.stop())

test('a token stands for a card of which nothing was said', async () => {
  const details = await coatcheck.client.getPaymentDetails(await coatcheck.createToken())
  const expirationYear = String(coatcheck.clock.now().getUTCFullYear() + 3)
  const card = { number: 'XXXXXXXXXXXX1111', expirationMonth: '12', expirationYear }
  assert.deepEqual(details, { paymentInformation: { card } })
})

test('fields are named bare, by their paths and in trees, in any mixture', async () => {
  const token = await coatcheck.createToken({
    number: '5555555555554444',
    expirationYear: '',
    'orderInformation.billTo.email': 'shopper@example.com',
    orderInformation: { billTo: { firstName: 'Ann', email: 'other@example.com' } },
  })
  const { paymentInformation, orderInformation } = await coatcheck.client.getPaymentDetails(token)
  assert.deepEqual(paymentInformation, {
    card: { number: 'XXXXXXXXXXXX4444', expirationMonth: '12' },
  })
  assert.deepEqual(orderInformation, { billTo: { firstName: 'Ann', email: 'shopper@example.com' } })
})

test('with a tree of the payment nothing is added to it', async () => {
  const token = await coatcheck.createToken({
    paymentInformation: { card: { number: '4111111111111111' } },
  })
  const details = await coatcheck.client.getPaymentDetails(token)
  assert.deepEqual(details, { paymentInformation: { card: { number: 'XXXXXXXXXXXX1111' } } })
})

test('a card that the service refuses is an error with its reason and its details', async () => {
  await assert.rejects(coatcheck.createToken({ number: '4111111111111112' }), (error) => {
    assert.ok(error instanceof FlexError)
    assert.equal(error.reason, 'VALIDATION_ERROR')
    assert.equal(error.details[0]?.location, 'captureData.paymentInformation.card.number')
    return true
  })
})

test('an input that is wrong is refused before anything is sent', async () => {
  const wrong: readonly object[] = [
    { pan: '4111111111111111' },
    { 'orderInformation.billTo.shoeSize': '42' },
    { orderInformation: { shoeSize: '42' } },
    { expirationMonth: 12 },
    Object.fromEntries([['__proto__', { number: '1' }]]),
  ]
  for (const input of wrong) await assert.rejects(coatcheck.createToken(input), OperatorError)
  assert.equal(coatcheck.requests.all().length, 0)
})

test('a token meets the faults of its requests', async () => {
  const operation = 'createTransientToken'
  const fault = coatcheck.faults.next({ kind: 'quota', match: { operation } })
  await assert.rejects(coatcheck.createToken(), FlexError)
  assert.equal(coatcheck.faults.all()[0]?.hits, 1)
  await coatcheck.createToken()
  assert.equal(coatcheck.faults.clear(fault.id), 1)
  coatcheck.faults.next({ kind: 'wrong-signature', times: 2 })
  await assert.rejects(coatcheck.createToken(), { reason: 'CAPTURE_CONTEXT_INVALID' })
  assert.throws(() => coatcheck.faults.next({ kind: 'latency' }), OperatorError)
})

test('a context that was opened long ago is posted, for the service to refuse', async () => {
  const captureContext = await coatcheck.client.generateFlexAPICaptureContext({
    fields: { paymentInformation: { card: { number: {} } } },
  })
  coatcheck.clock.set('2031-01-01T00:00:00Z')
  const card = { paymentInformation: { card: { number: '4111111111111111' } } }
  await assert.rejects(coatcheck.createToken(card, { captureContext }), {
    reason: 'VALIDATION_ERROR',
  })
  assert.equal(coatcheck.requests.last()?.operation, 'createTransientToken')
  await coatcheck.createToken()
  const strange = coatcheck.createToken(card, { captureContext: 'a.b.c' })
  await assert.rejects(strange, { reason: 'CAPTURE_CONTEXT_INVALID' })
})

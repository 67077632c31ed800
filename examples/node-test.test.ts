// With node:test: `node --test examples/node-test.test.ts`. One emulator for the file, as it was at the start for each test.

import { strict as assert } from 'node:assert'
import { after, before, beforeEach, test } from 'node:test'
import { startCoatcheck, type Coatcheck } from 'coatcheck/testing'
import { createCheckout, type Checkout } from './checkout.ts'

let coatcheck: Coatcheck
let checkout: Checkout

before(async () => {
  coatcheck = await startCoatcheck()
  checkout = createCheckout({ url: coatcheck.url, ...coatcheck.merchant })
})
beforeEach(() => coatcheck.reset())
after(() => coatcheck.stop())

test('the shopper sees the end of the card number', async () => {
  const captureContext = await checkout.begin()
  const token = await coatcheck.createToken({ number: '5555555555554444' }, { captureContext })
  assert.equal(await checkout.summarize(token), 'Card ending in 4444')
})

test('the shopper who took too long is asked again', async () => {
  const token = await coatcheck.createToken()
  coatcheck.clock.advance('16m')
  assert.match(await checkout.summarize(token), /enter the card again/)
})

test('the shopper is told when the service is down', async () => {
  const token = await coatcheck.createToken()
  coatcheck.faults.next({ kind: 'unavailable' })
  assert.match(await checkout.summarize(token), /not available/)
})

test('the session asks for the number and the expiry, and for nothing else', async () => {
  const request = coatcheck.requests.next({ operation: 'generateFlexAPICaptureContext' })
  await checkout.begin()
  const { status, merchant, request: sent } = await request
  assert.deepEqual([status, merchant], [201, 'testmid'])
  const card = { number: {}, expirationMonth: {}, expirationYear: {} }
  assert.deepEqual(JSON.parse(sent.body.text), { fields: { paymentInformation: { card } } })
})

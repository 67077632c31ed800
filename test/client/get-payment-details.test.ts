import { strict as assert } from 'node:assert'
import { test } from 'node:test'

import { createClient } from '../../src/client/index.ts'
import { startHost } from './host.ts'
import { JWT, MERCHANT } from './merchant.ts'
import { rejectsWith } from './rejects.ts'

const JTI = '1E0WC1GO87JG1BDP0CQ8SCR1TTK86U9N98H3WH8IFM9MVEWTIYFI62F4941E7A92'

// The published example of the operation.
const DETAILS = {
  paymentInformation: {
    card: {
      expirationYear: '2026',
      number: 'XXXXXXXXXXXX1111',
      expirationMonth: '05',
      type: '001',
    },
  },
  orderInformation: {
    amountDetails: { totalAmount: '21.00', currency: 'USD' },
    billTo: { lastName: 'Solo', country: 'US', firstName: 'Han', email: 'Han.solo@test.com' },
    shipTo: { locality: 'Mos Eisley', country: 'US', address1: '325 Falcon Way' },
  },
}

test('payment details are read by jti or by the whole token, each at its own address', async (t) => {
  const host = await startHost(t, () => ({ body: JSON.stringify(DETAILS) }))
  const client = createClient({ ...MERCHANT, url: host.origin })
  assert.deepEqual(await client.getPaymentDetails(JTI), DETAILS)
  assert.deepEqual(await client.getPaymentDetails(JWT), DETAILS)
  assert.deepEqual(
    host.received.map(({ method, target }) => `${method} ${target}`),
    [`GET /flex/v2/payment-details/${JTI}`, `GET /up/v1/payment-details/${JWT}`],
  )
  assert.equal(host.received[0]?.headers.get('accept'), 'application/json')
})

test('only known fields with texts are handed on, and never a security code', async (t) => {
  const card = { number: 'XXXXXXXXXXXX1111', securityCode: '123', type: 7, useAs: 'x' }
  const body = JSON.stringify({
    paymentInformation: { card, bank: {} },
    orderInformation: [],
    x: 1,
  })
  const host = await startHost(t, () => ({ body }))
  const details = await createClient({ ...MERCHANT, url: host.origin }).getPaymentDetails(JTI)
  assert.deepEqual(details, { paymentInformation: { card: { number: 'XXXXXXXXXXXX1111' } } })
})

test('a reply that is not a JSON object is refused', async (t) => {
  for (const body of ['', 'null', '[]', '"x"', '{']) {
    const host = await startHost(t, () => ({ body }))
    const client = createClient({ ...MERCHANT, url: host.origin })
    await rejectsWith('REPLY_INVALID', client.getPaymentDetails(JTI))
  }
})

test('what is neither a jti nor a JWT is not sent', async (t) => {
  const host = await startHost(t, () => ({ body: '{}' }))
  const client = createClient({ ...MERCHANT, url: host.origin })
  for (const token of ['', '..', '../sessions', 'a/b', 'a?b', '%2e', `${JWT}/x`, `${JTI}\n`]) {
    await rejectsWith('TRANSIENT_TOKEN_INVALID', client.getPaymentDetails(token))
  }
  assert.equal(host.received.length, 0)
})

// With Vitest: `npx vitest run examples/vitest.test.ts`.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startCoatcheck, type Coatcheck } from 'coatcheck/testing'
import { createCheckout, type Checkout } from './checkout.ts'

describe('the checkout', () => {
  let coatcheck: Coatcheck
  let checkout: Checkout

  beforeAll(async () => {
    coatcheck = await startCoatcheck()
    checkout = createCheckout({ url: coatcheck.url, ...coatcheck.merchant })
  })
  beforeEach(() => coatcheck.reset())
  afterAll(() => coatcheck.stop())

  test('shows the end of the card number', async () => {
    const token = await coatcheck.createToken({ number: '4111111111111111' })
    expect(await checkout.summarize(token)).toBe('Card ending in 1111')
  })

  test('asks again when the token has expired', async () => {
    const token = await coatcheck.createToken()
    coatcheck.clock.advance('16m')
    expect(await checkout.summarize(token)).toContain('enter the card again')
    expect(coatcheck.requests.last()?.status).toBe(404)
  })
})

// With Jest, whose modules must be real ones: `NODE_OPTIONS=--experimental-vm-modules npx jest --config examples/jest.config.js`.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
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

  test('opens a session as the merchant', async () => {
    const request = coatcheck.requests.next({ path: '/flex/v2/sessions' })
    await checkout.begin()
    expect((await request).merchant).toBe('testmid')
  })

  test('tells the shopper when the service is slow to the point of failing', async () => {
    const token = await coatcheck.createToken()
    coatcheck.faults.next({ kind: 'reset', match: { method: 'GET' } })
    expect(await checkout.summarize(token)).toContain('not available')
  })
})

// With Playwright: `playwright test examples/playwright.test.ts`. Every worker has an emulator of its own, by a fixture; tests of
// a page use it in the same way, with the shop under test told `coatcheck.url`.

import { expect, test as base } from '@playwright/test'
import { startCoatcheck, type Coatcheck } from 'coatcheck/testing'

const test = base.extend<{ readonly coatcheck: Coatcheck }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads from the pattern which fixtures are needed
  coatcheck: async ({}, use) => {
    await using coatcheck = await startCoatcheck({ freeze: '2027-01-01T00:00:00Z' })
    await use(coatcheck)
  },
})

test('a card is taken once for each token', async ({ coatcheck }) => {
  const captureContext = await coatcheck.client.generateFlexAPICaptureContext({
    fields: { paymentInformation: { card: { number: {} } } },
  })
  const card = { paymentInformation: { card: { number: '4111111111111111' } } }
  const token = await coatcheck.createToken(card, { captureContext })
  expect(token.split('.')).toHaveLength(3)
  expect(coatcheck.requests.last()?.at).toBe('2027-01-01T00:00:00.000Z')
})

test('the public key of a capture context is there for every page', async ({
  coatcheck,
  request,
}) => {
  const context = await coatcheck.client.generateFlexAPICaptureContext({
    fields: { paymentInformation: { card: { number: {} } } },
  })
  const header: { kid: string } = JSON.parse(
    Buffer.from(context.split('.')[0] ?? '', 'base64url').toString(),
  )
  const reply = await request.get(`${coatcheck.url}/flex/v2/public-keys/${header.kid}`)
  expect(reply.status()).toBe(200)
})

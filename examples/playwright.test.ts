// With Playwright: `npx playwright test --config examples/playwright.config.js`. By a fixture every test has an emulator of its own,
// and a shop that was told to use it.

import { expect, test as base } from '@playwright/test'
import { startCoatcheck, type Coatcheck } from 'coatcheck/testing'
import { startShop, type Shop } from './shop.ts'

const test = base.extend<{ readonly coatcheck: Coatcheck; readonly shop: Shop }>({
  // oxlint-disable-next-line no-empty-pattern -- Playwright reads from the pattern which fixtures are needed
  coatcheck: async ({}, use) => {
    await using coatcheck = await startCoatcheck()
    await use(coatcheck)
  },
  shop: async ({ coatcheck }, use) => {
    await using shop = await startShop({ url: coatcheck.url, ...coatcheck.merchant })
    await use(shop)
  },
})

test('the shopper pays, and the card goes to the service alone', async ({
  page,
  coatcheck,
  shop,
}) => {
  await page.goto(shop.url)
  await page.getByLabel('Card number').fill('4111111111111111')
  await page.getByRole('button', { name: 'Pay' }).click()
  await expect(page.getByRole('status')).toHaveText('Card ending in 1111')
  expect(coatcheck.requests.last({ operation: 'createTransientToken' })?.status).toBe(201)
})

test('the shopper who took too long is asked to load the page again', async ({
  page,
  coatcheck,
  shop,
}) => {
  await page.goto(shop.url)
  coatcheck.clock.advance('16m')
  await page.getByLabel('Card number').fill('4111111111111111')
  await page.getByRole('button', { name: 'Pay' }).click()
  await expect(page.getByRole('status')).toContainText('load the page again')
})

test('the shopper is told when the service is down', async ({ page, coatcheck, shop }) => {
  await page.goto(shop.url)
  coatcheck.faults.next({ kind: 'unavailable', match: { operation: 'getPaymentDetailsByToken' } })
  await page.getByLabel('Card number').fill('4111111111111111')
  await page.getByRole('button', { name: 'Pay' }).click()
  await expect(page.getByRole('status')).toContainText('not available')
})

// The browser is the one that `npx playwright install chromium` has brought, or the one that CHROMIUM names.

import process from 'node:process'

export default {
  testMatch: 'playwright.test.ts',
  use: { launchOptions: { executablePath: process.env.CHROMIUM } },
}

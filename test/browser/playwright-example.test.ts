import { test } from 'node:test'
import { assertCanFail, assertPasses, type Example } from '../examples/example.ts'
import { findChromium, launchChromium } from './launch.ts'

const EXAMPLE: Example = {
  file: 'playwright.test.ts',
  command: 'npx playwright test --config examples/playwright.config.js --reporter line',
  passed: /^ +3 passed \(/m,
  failed: /^ +1 failed$[^]*^ +2 passed \(/m,
  truth: 'Card ending in 1111',
  untruth: 'Card ending in 9999',
}

test('the example with Playwright passes', async (t) => {
  if ((await launchChromium(t)) === undefined) return
  await assertPasses(t, { ...EXAMPLE, environment: { CHROMIUM: await findChromium() } })
})

test('the example with Playwright fails when it asserts what is not so', async (t) => {
  if ((await launchChromium(t)) === undefined) return
  await assertCanFail(t, { ...EXAMPLE, environment: { CHROMIUM: await findChromium() } })
})

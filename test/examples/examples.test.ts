import { registerHooks } from 'node:module'
import { describe } from 'node:test'

// These are not installed; what the examples use of them is in frameworks.ts.
const ABSENT: ReadonlySet<string> = new Set(['vitest', '@jest/globals', '@playwright/test'])
const STAND_IN = new URL('frameworks.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    ABSENT.has(specifier) ? { url: STAND_IN, shortCircuit: true } : next(specifier, context),
})

const FRAMEWORKS = {
  'node:test': () => import('../../examples/node-test.test.ts'),
  Vitest: () => import('../../examples/vitest.test.ts'),
  Jest: () => import('../../examples/jest.test.ts'),
  Playwright: () => import('../../examples/playwright.test.ts'),
  'the official client': () => import('../../examples/official-client.test.ts'),
} as const

for (const [name, load] of Object.entries(FRAMEWORKS)) {
  // A suite of its own, so that what runs before each test of one example does not run for the others.
  describe(`the example with ${name}`, async () => {
    await load()
  })
}

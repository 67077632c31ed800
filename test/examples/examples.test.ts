import { test } from 'node:test'
import { assertCanFail, assertPasses, type Example } from './example.ts'

// Playwright's is in test/browser: it wants one.
const EXAMPLES: Readonly<Record<string, Example>> = {
  'node:test': {
    file: 'node-test.test.ts',
    command: 'npx node --test examples/node-test.test.ts',
    passed: /^ℹ pass 4$/m,
    failed: /^ℹ fail 1$/m,
    truth: 'Card ending in 4444',
    untruth: 'Card ending in 9999',
  },
  Vitest: {
    file: 'vitest.test.ts',
    command: 'npx vitest run examples/vitest.test.ts',
    passed: /Tests +2 passed \(2\)/,
    failed: /Tests +1 failed \| 1 passed \(2\)/,
    truth: 'Card ending in 1111',
    untruth: 'Card ending in 9999',
  },
  Jest: {
    file: 'jest.test.ts',
    command: 'NODE_OPTIONS=--experimental-vm-modules npx jest --config examples/jest.config.js',
    passed: /^Tests: +2 passed, 2 total$/m,
    failed: /^Tests: +1 failed, 1 passed, 2 total$/m,
    truth: 'testmid',
    untruth: 'another',
  },
  'the official client': {
    file: 'official-client.test.ts',
    command: 'npx node --test examples/official-client.test.ts',
    passed: /^ℹ pass 3$/m,
    failed: /^ℹ fail 1$/m,
    truth: 'refused with 429',
    untruth: 'refused with 503',
  },
}

for (const [name, example] of Object.entries(EXAMPLES)) {
  test(`the example with ${name} passes`, (t) => assertPasses(t, example))
  test(`the example with ${name} fails when it asserts what is not so`, (t) =>
    assertCanFail(t, example))
}

// Stands in for Vitest, Jest and Playwright, of which the examples use little: what they call is handed on to node:test.

import { strict as assert } from 'node:assert'
import { test as nodeTest } from 'node:test'

export { after as afterAll, before as beforeAll, beforeEach, describe } from 'node:test'

interface Expectation {
  toBe(expected: unknown): void
  toContain(expected: string): void
  toHaveLength(expected: number): void
}

/** Asserts as Vitest, Jest and Playwright do. */
export function expect(actual: unknown): Expectation {
  const text = String(actual)
  return {
    toBe: (expected) => assert.equal(actual, expected),
    toContain: (expected) => assert.ok(text.includes(expected), `${text} lacks ${expected}`),
    toHaveLength: (expected) => assert.equal((actual as { length: number }).length, expected),
  }
}

type Values = Readonly<Record<string, unknown>>
type Fixture = (fixtures: Values, use: (value: unknown) => Promise<void>) => Promise<void>
type Body = (fixtures: Values) => Promise<void>

/** What Playwright hands to every test. */
const BUILT_IN: Values = {
  request: {
    get: async (url: string) => {
      const { status } = await fetch(url, { headers: { connection: 'close' } })
      return { status: () => status }
    },
  },
}

/** Registers a test; `extend` gives it fixtures, as Playwright does. */
export const test = Object.assign(
  (name: string, body: Body): void => {
    nodeTest(name, () => body(BUILT_IN))
  },
  {
    extend: (fixtures: Readonly<Record<string, Fixture>>) => (name: string, body: Body) => {
      nodeTest(name, () => runWith(Object.entries(fixtures), BUILT_IN, body))
    },
  },
)

async function runWith(
  [first, ...rest]: readonly (readonly [string, Fixture])[],
  values: Values,
  body: Body,
): Promise<void> {
  if (first === undefined) return body(values)
  const [name, fixture] = first
  return fixture(values, (value) => runWith(rest, { ...values, [name]: value }, body))
}

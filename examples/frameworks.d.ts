// What the examples use of Vitest, Jest and Playwright, which this project does not install. In yours, their own types hold.

interface Expectation {
  toBe(expected: unknown): void
  toContain(expected: string): void
  toHaveLength(expected: number): void
}
type Body = () => unknown

declare module 'vitest' {
  export function describe(name: string, body: () => void): void
  export function test(name: string, body: Body): void
  export function beforeAll(body: Body): void
  export function beforeEach(body: Body): void
  export function afterAll(body: Body): void
  export function expect(actual: unknown): Expectation
}

declare module '@jest/globals' {
  export function describe(name: string, body: () => void): void
  export function test(name: string, body: Body): void
  export function beforeAll(body: Body): void
  export function beforeEach(body: Body): void
  export function afterAll(body: Body): void
  export function expect(actual: unknown): Expectation
}

declare module '@playwright/test' {
  interface RequestContext {
    get(url: string): Promise<{ status(): number }>
  }
  interface Test<Fixtures> {
    (name: string, body: (fixtures: Fixtures) => Promise<void>): void
    extend<More extends object>(fixtures: {
      readonly [Name in keyof More]: (
        fixtures: Fixtures,
        use: (value: More[Name]) => Promise<void>,
      ) => Promise<void>
    }): Test<Fixtures & More>
  }
  export const test: Test<{ readonly request: RequestContext }>
  export function expect(actual: unknown): Expectation
}

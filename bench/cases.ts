import type { SessionKeyPolicy } from '../src/merchant/merchant.ts'

/** What one request asks for. */
export type Operation = 'session' | 'token'

/** What is measured: an operation for merchants with one policy of session keys. */
export interface Case {
  readonly operation: Operation
  readonly keys: SessionKeyPolicy
  /** The most that a request may cost, in multiples of its bare RSA operations. */
  readonly limit: number
}

/** Every case. A token case uses the sessions that its session case has just opened. */
export const CASES: readonly Case[] = [
  { operation: 'session', keys: 'rotated', limit: 1.6 },
  { operation: 'token', keys: 'rotated', limit: 1.6 },
  { operation: 'session', keys: 'one-time', limit: 1.7 },
  { operation: 'token', keys: 'one-time', limit: 2.2 },
]

/** How far above a limit, and how far from its own twin, a case may come out: measurements are not exact. */
export const SLACK = 0.05

/** How many connections send requests, each waiting for its reply before the next. */
export const CONNECTIONS = 16

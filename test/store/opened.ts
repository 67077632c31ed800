import type { TestContext } from 'node:test'
import type { Kind, Store, Write } from '../../src/store/contract.ts'
import type { TestClock } from './clock.ts'

/** A store that was opened for one test, empty. */
export interface OpenedStore {
  readonly store: Store
  /** Closes the store and opens it again. Absent where nothing survives. */
  readonly reopen?: () => Promise<Store>
}

/** An opened store and the clock that it goes by. */
export interface Opened extends OpenedStore {
  readonly clock: TestClock
}

/** Opens a store for one test; it is closed afterwards. */
export type OpenFor = (t: TestContext) => Promise<Opened>

/** Puts a card. */
export function put(name: string, value = 'v', expiresAt?: number): Write {
  return { op: 'put', kind: 'card', name, expiresAt, value: Buffer.from(value) }
}

/** Puts a card that does not expire, in one of the three ways. */
export function putBy(op: 'put' | 'put-new' | 'ensure', name: string, value = 'v'): Write {
  return { op, kind: 'card', name, expiresAt: undefined, value: Buffer.from(value) }
}

/** Replaces a card that has a value. */
export function replace(
  name: string,
  [previous, value]: readonly [string, string],
  expiresAt?: number,
): Write {
  const [before, after] = [Buffer.from(previous), Buffer.from(value)]
  return { op: 'replace', kind: 'card', name, expiresAt, value: after, previous: before }
}

/** Counts one of a card's counters. */
export function countOf(
  name: string,
  limit = 5,
  counter: 'issued' | 'opened' | 'failed' = 'issued',
): Write {
  return { op: 'count', kind: 'card', name, limits: { [counter]: limit } }
}

/** Deletes a card. */
export function remove(name: string): Write {
  return { op: 'delete', kind: 'card', name }
}

/** The names of the live records of a kind, oldest first. */
export async function names(store: Store, kind: Kind = 'card'): Promise<string[]> {
  return (await store.list(kind)).map(({ name }) => name)
}

/** The value of a card, as text. */
export async function valueOf(store: Store, name: string): Promise<string | undefined> {
  return (await store.get('card', name))?.value.toString()
}

/** Makes as many of something. */
export function range<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

import { randomBytes, randomUUID } from 'node:crypto'

/** The time of day. Every clock in the program is one of these, passed in. */
export type Now = () => Date

/** The source of randomness, passed in. */
export interface Random {
  /** Returns `count` unpredictable bytes. */
  bytes(count: number): Buffer
  /** Returns a random UUID (version 4). */
  uuid(): string
}

/** The machine's clock. */
export const systemClock: Now = () => new Date()

/** The operating system's cryptographic randomness. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  uuid: () => randomUUID(),
}

/** Returns the whole seconds since the epoch. */
export function epochSeconds(now: Now): number {
  return Math.floor(now().getTime() / 1000)
}

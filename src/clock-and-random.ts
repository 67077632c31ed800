import { randomBytes, randomUUID } from 'node:crypto'

const BLOCK_BYTES = 1024

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
  bytes: createDraw(),
  uuid: () => randomUUID(),
}

/** Returns the whole seconds since the epoch. */
export function epochSeconds(now: Now): number {
  return Math.floor(now().getTime() / 1000)
}

/** Makes a source that draws a block at a time and hands out each of its bytes once: a draw costs more than most uses. */
function createDraw(): Random['bytes'] {
  let block = Buffer.alloc(0)
  return function bytes(count: number): Buffer {
    if (count > BLOCK_BYTES) return randomBytes(count)
    if (count > block.length) block = randomBytes(BLOCK_BYTES)
    const drawn = block.subarray(0, count)
    block = block.subarray(count)
    return drawn
  }
}

import { generateKeyPairSync, type KeyObject } from 'node:crypto'

/** An RSA key pair of the tests. */
export interface RsaPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** Makes a new RSA-2048 key pair. */
export function makeRsaPair(): RsaPair {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

/** Flips the lowest bit of one byte, in a copy. */
export function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

import { createCipheriv, hkdfSync, type Cipheriv } from 'node:crypto'
import type { Random } from '../clock-and-random.ts'

/** A source of bytes that a seed decides. Nothing that protects anything may draw from it. */
export interface SeededRandom extends Random {
  /** Begins the sequence of a name, at its first byte. */
  begin(sequence: string): void
}

/** Makes a source whose bytes are AES-256 in counter mode under a key derived (HKDF-SHA256) from the seed and the sequence's name. */
export function createSeededRandom(seed: string): SeededRandom {
  let stream = openStream(seed, 'start')
  const bytes = (count: number): Buffer => stream.update(Buffer.alloc(count))
  return {
    bytes,
    uuid: () => toUuid(bytes(16)),
    begin: (sequence) => {
      stream = openStream(seed, sequence)
    },
  }
}

function openStream(seed: string, sequence: string): Cipheriv {
  const key = hkdfSync('sha256', seed, '', `coatcheck seeded random v1 ${sequence}`, 32)
  return createCipheriv('aes-256-ctr', Buffer.from(key), Buffer.alloc(16))
}

// Version 4, variant 1 (RFC 9562 §5.4).
function toUuid(drawn: Buffer): string {
  drawn[6] = (drawn.readUInt8(6) & 0x0f) | 0x40
  drawn[8] = (drawn.readUInt8(8) & 0x3f) | 0x80
  return drawn.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'

/** Tells whether a signature, in base64, is the HMAC-SHA256 of a string to sign. */
export function isMacOf(base: string, signature: string, secret: KeyObject | Buffer): boolean {
  const expected = createHmac('sha256', secret).update(base, 'utf8').digest()
  const received = Buffer.from(signature, 'base64')
  return received.length === expected.length && timingSafeEqual(received, expected)
}

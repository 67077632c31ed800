import type { Random } from '../clock-and-random.ts'

const DIGITS = 22

/**
 * Draws the serial number of a certificate's subject: decimal digits, the first of them not 0. Slightly uneven: it names a
 * key, and protects nothing.
 */
export function drawSerialNumber(random: Random): string {
  const digits = [...random.bytes(DIGITS)].map((byte) => byte % 10)
  return `${1 + ((digits[0] ?? 0) % 9)}${digits.slice(1).join('')}`
}

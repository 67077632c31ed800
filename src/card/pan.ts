import { hasAllowedLength } from './network.ts'

// Digit 0–9 doubled, its digits added up.
const DOUBLED = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]

/** Tells whether the last digit is the Luhn check digit of the others (ISO/IEC 7812-1). The text must be ASCII digits only. */
export function passesLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : (DOUBLED[digit] ?? NaN)
  }
  return sum % 10 === 0
}

/**
 * Checks a PAN: 12 to 19 ASCII digits, Luhn, a length that a candidate network allows.
 *
 * Returns the public message, the same for every fault, or undefined when there is none. A good PAN need not have been issued.
 */
export function panFault(pan: string): string | undefined {
  const good = /^[0-9]{12,19}$/.test(pan) && passesLuhn(pan) && hasAllowedLength(pan)
  return good ? undefined : 'Invalid card number format'
}

/** Masks all but the last 4 digits of a PAN with `X`. Anything too short to be a PAN is masked whole. */
export function maskPan(pan: string): string {
  const shown = pan.length < 12 ? '' : pan.slice(-4)
  return 'X'.repeat(pan.length - shown.length) + shown
}

/** Returns the BIN, the first 6 or 8 digits of a PAN. The PAN must have been checked. */
export function binOf(pan: string, digits: 6 | 8): string {
  return pan.slice(0, digits)
}

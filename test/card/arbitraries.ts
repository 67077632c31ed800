import * as fc from 'fast-check'
import { NETWORKS } from '../../src/card/network.ts'

/** Adds the Luhn check digit, computed another way than in `src/`. */
export function withCheckDigit(payload: string): string {
  const sum = Array.from(payload).reduceRight((total, digit, i) => {
    const weight = (payload.length - i) % 2 === 1 ? 2 : 1
    const product = Number(digit) * weight
    return total + Math.floor(product / 10) + (product % 10)
  }, 0)
  return `${payload}${(10 - (sum % 10)) % 10}`
}

function digits(length: number): fc.Arbitrary<string> {
  return fc.stringMatching(new RegExp(`^[0-9]{${length}}$`))
}

function prefixIn(range: string): fc.Arbitrary<string> {
  const [low = '', high = low] = range.split('-')
  return fc.integer({ min: Number(low), max: Number(high) }).map(String)
}

/** Valid PANs of every network of the table. */
export const networkPan: fc.Arbitrary<string> = fc
  .constantFrom(...NETWORKS)
  .chain(({ prefixes, lengths }) =>
    fc.tuple(
      fc.constantFrom(...prefixes.split(' ')).chain(prefixIn),
      fc.constantFrom(...lengths),
      digits(19),
    ),
  )
  .map(([prefix, length, rest]) => withCheckDigit((prefix + rest).slice(0, length - 1)))

// No network of the table has PANs that begin with 1.
const strangePan = fc
  .tuple(fc.integer({ min: 12, max: 19 }), digits(19))
  .map(([length, rest]) => withCheckDigit(`1${rest}`.slice(0, length - 1)))

/** Valid PANs, of a network of the table or of none. */
export const pan: fc.Arbitrary<string> = fc.oneof(networkPan, strangePan)

/** Writes ASCII digits with those of another script, `zero` being its zero. */
export function inScript(text: string, zero: string): string {
  return text.replace(/[0-9]/g, (d) => String.fromCodePoint((zero.codePointAt(0) ?? 0) + Number(d)))
}

/** The zeros of the Arabic-Indic, Devanagari, full-width and mathematical bold digits. */
export const ZEROS: readonly string[] = ['\u0660', '\u0966', '\uFF10', '\u{1D7CE}']

/** Text that tries to break a check: any code units, digits of other scripts, members of prototypes, padding, very long. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('\uD800', '\uDC00', '\0', '\n', '4', ' ') }),
  fc.tuple(pan, fc.constantFrom(...ZEROS)).map(([text, zero]) => inScript(text, zero)),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'),
  fc
    .tuple(pan, fc.constantFrom(' ', '\n', '\t', '-', '.', '\u200B'))
    .map((parts) => parts.join('')),
  fc.constantFrom('', '4'.repeat(70_000), 'NaN', '1e5', '-1', '+1', '0x10', 'null', 'Infinity'),
)

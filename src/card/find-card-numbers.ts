import { networksOf } from './network.ts'
import { panFault } from './pan.ts'

// What people and programs write between the digits of a card number, in URLs too.
const SEPARATOR = String.raw`(?:[ \t\0\u00a0.+_-]|%(?:20|2[bd]|a0))`
const SEPARATORS = new RegExp(SEPARATOR, 'gi')
const MOST_DIGITS = 19
// More groups than any issuer prints; it bounds how often the digits of a long list are tried.
const MOST_GROUPS = 8

// An escape that is no separator is not part of a number, although its digits stand before one. Nor are those of a UUID, or
// of a SHA-256: the heads of the audit's chains must stay as they are.
const ID = '(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64})'
const RUN = new RegExp(
  String.raw`%[0-9a-f]{2}|(?<![\w-])${ID}(?![\w-])|[0-9]+(?:${SEPARATOR}{1,2}[0-9]+)*`,
  'gi',
)
const BETWEEN = new RegExp(`(${SEPARATOR}+)`, 'i')
const IS_ID = new RegExp(`^${ID}$`, 'i')
const MAY_HOLD = new RegExp(`[0-9](?:${SEPARATOR}{0,2}[0-9]){11}`, 'i')
const IS_RUN = new RegExp(`^[0-9](?:${SEPARATOR}{0,2}[0-9]){11}`, 'i')

/** Tells quickly that a text holds no 12 digits that could be a card number. */
export function mayHoldCardNumber(text: string): boolean {
  return MAY_HOLD.test(text)
}

/** Removes what may stand between the digits of a card number. */
export function withoutSeparators(text: string): string {
  return text.replaceAll(SEPARATORS, '')
}

/**
 * Replaces every card number in a text, however its digits are grouped and whatever other numbers stand beside it: digits that
 * are not separated from others are taken only as a whole.
 *
 * @param replace - is given the digits alone.
 * @param leastDigits - shorter numbers are left.
 */
export function replaceCardNumbers(
  text: string,
  replace: (digits: string) => string,
  leastDigits = 12,
): string {
  return text.replaceAll(RUN, (run) =>
    IS_RUN.test(run) && !IS_ID.test(run) ? replaceInRun(run, replace, leastDigits) : run,
  )
}

function replaceInRun(
  run: string,
  replace: (digits: string) => string,
  leastDigits: number,
): string {
  const parts = run.split(BETWEEN)
  let replaced = ''
  for (let at = 0; at < parts.length;) {
    let end = findEnd(parts, at, leastDigits)
    // What else a number in it may belong to goes with it: which of the two is the card number cannot be told.
    for (let next = at + 2; next < end; next += 2) {
      end = Math.max(end, findEnd(parts, next, leastDigits))
    }
    replaced += end === at ? (parts[at] ?? '') : replace(digitsOf(parts.slice(at, end)))
    at = Math.max(end, at + 1)
  }
  return replaced
}

function digitsOf(parts: readonly string[]): string {
  return parts.filter((_, index) => index % 2 === 0).join('')
}

/** Finds where the longest number ends that begins with a group; groups and separators take turns in `parts`. */
function findEnd(parts: readonly string[], at: number, leastDigits: number): number {
  if (at % 2 === 1) return at
  let digits = ''
  let found = at
  for (let end = at + 1; end <= parts.length && end < at + 2 * MOST_GROUPS; end += 2) {
    digits += parts[end - 1] ?? ''
    if (digits.length > MOST_DIGITS) break
    if (digits.length < leastDigits || panFault(digits) !== undefined) continue
    // Groups of no network are a card number only where nothing else stands beside them.
    const isAlone = end === at + 1 || (at === 0 && end === parts.length)
    if (isAlone || networksOf(digits).length > 0) found = end
  }
  return found
}

const MOST_CHARACTERS = 48
const MOST_ITEMS = 20
/** What is looked at of a text, however long it is. */
const LONGEST = 4096

// Long enough for a PAN, with or without the usual separators.
const CARD_NUMBER = /\d(?:[ -]?\d){11,}/g
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu
const SENSITIVE_NAME = /security_?code|cvv|cvc|cvn|(?:^|_)pan$|card_?number|secret|password/i

/** Shows a value that anybody may have written: printable, shortened, and without what could be a card number. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return showText(value)
  if (Array.isArray(value)) return showList(value)
  if (typeof value === 'object' && value !== null) {
    return `an object with ${count(Object.keys(value).length, 'member')}`
  }
  return showText(String(value))
}

/** Shows the value of a member of which nothing is known; what a name like `securityCode` stands for is not shown. */
export function showUnknown(name: string, value: unknown): string {
  return SENSITIVE_NAME.test(name) ? '(not shown)' : showValue(value)
}

/** Shows a text as {@link showValue} does, cut after so many characters. */
export function showText(text: string, mostCharacters: number = MOST_CHARACTERS): string {
  const shown = printable(text.slice(0, LONGEST)).replaceAll(CARD_NUMBER, '(digits)')
  const isShort = text.length <= LONGEST && shown.length <= mostCharacters
  return isShort ? shown : `${shown.slice(0, mostCharacters - 1)}…`
}

/** Replaces what could steer a terminal or hide text. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '�')
}

/** Returns a value that is text as it is, and anything else as no text: for comparing, not for showing. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Shows how many there are: `1 byte`, `2 bytes`. */
export function count(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

function showList(items: readonly unknown[]): string {
  const texts = items.slice(0, MOST_ITEMS).map((item) => (typeof item === 'string' ? item : '…'))
  const isWhole = items.length <= MOST_ITEMS
  return items.length === 0 ? 'none' : showText(`${texts.join(', ')}${isWhole ? '' : ', …'}`, 160)
}

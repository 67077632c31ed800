const MOST_CHARACTERS = 48
const MOST_ITEMS = 20

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
  const printable = text.slice(0, 4096).replaceAll(UNPRINTABLE, '�').replaceAll(CARD_NUMBER, '(digits)')
  const isShort = text.length <= 4096 && printable.length <= mostCharacters
  return isShort ? printable : `${printable.slice(0, mostCharacters - 1)}…`
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

import { Secret } from './secret.ts'
import { parseStoreAddress, STORE_FORM } from './store/open-store.ts'

/** A form of value: how it is read from text, and what it must look like. */
export interface Kind<Value> {
  /** Such as `a whole number from 1 to 3600`. */
  readonly form: string
  /** Reads text (a flag, a variable) or a member of the file; undefined when the form is wrong. */
  read(given: unknown): Value | undefined
  /** Every value that there is, where they are few. */
  readonly choices?: readonly string[]
}

/** Text that is not empty. */
export const text: Kind<string> = {
  form: 'text that is not empty',
  read: (given) => (typeof given === 'string' && given !== '' ? given : undefined),
}

/** Any text. */
export const textOrNothing: Kind<string> = {
  form: 'text',
  read: (given) => (typeof given === 'string' ? given : undefined),
}

/** A list of texts. */
export const texts: Kind<readonly string[]> = {
  form: 'a list of texts (between commas in a flag or a variable)',
  read: (given) => {
    const items: unknown =
      typeof given === 'string' ? given.split(',').map((item) => item.trim()) : given
    const isList =
      Array.isArray(items) && items.every((item) => typeof item === 'string' && item !== '')
    return isList ? items : undefined
  },
}

/** A list of https origins, written as browsers send them. */
export const httpsOrigins: Kind<readonly string[]> = {
  form: 'https origins without a path, such as https://shop.example.com (between commas in a flag or a variable)',
  read: (given) => {
    const origins = texts.read(given)
    return origins?.every(isHttpsOrigin) === true ? [...new Set(origins)] : undefined
  },
}

function isHttpsOrigin(given: string): boolean {
  const parsed = URL.parse(given)
  return parsed?.protocol === 'https:' && parsed.origin === given
}

/** The address of a store. */
export const storeAddress: Kind<Secret> = {
  form: STORE_FORM,
  read: (given) => {
    if (given instanceof Secret) return given
    return typeof given === 'string' ? parseStoreAddress(given) : undefined
  },
}

/** A whole number of a range. */
export function whole(minimum: number, maximum: number): Kind<number> {
  return {
    form: `a whole number from ${minimum} to ${maximum}`,
    read: (given) => {
      const number = typeof given === 'string' && /^[0-9]{1,9}$/.test(given) ? Number(given) : given
      const isWithin = typeof number === 'number' && number >= minimum && number <= maximum
      return isWithin && Number.isInteger(number) ? number : undefined
    },
  }
}

/** One of a few values. */
export function oneOf<Choice extends string>(...choices: readonly Choice[]): Kind<Choice> {
  return {
    form: `one of ${choices.join(', ')}`,
    read: (given) => choices.find((choice) => choice === given),
    choices,
  }
}

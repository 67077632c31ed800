import { DATES, REQUEST_TARGETS } from './base.ts'
import { headerValues, withHeaderValue, type SignedMessage } from './message.ts'

const SHOWN: ReadonlySet<string> = new Set([
  'host',
  ...DATES,
  ...REQUEST_TARGETS,
  'digest',
  'v-c-merchant-id',
])

/** A message that can be shown, and the way back from a string that was made of it. */
export interface Withheld {
  readonly message: SignedMessage
  /** Puts the values that were withheld into a string again. */
  restore(text: string): string
}

/**
 * Withholds the values of signed headers that signing is not about: a client may have put anything there, such as a
 * security code. Their names stay; each value becomes a mark, such as `[withheld 1]`.
 */
export function withhold(message: SignedMessage, components: readonly string[]): Withheld {
  const values = new Map<string, string>()
  let shown = message
  for (const name of components.filter((component) => !SHOWN.has(component))) {
    const [value] = headerValues(message, name)
    if (value === undefined) continue
    const mark = `[withheld ${values.size + 1}]`
    values.set(mark, value)
    shown = withHeaderValue(shown, name, mark)
  }
  return {
    message: shown,
    restore: (text) => text.replaceAll(/\[withheld \d+\]/g, (mark) => values.get(mark) ?? mark),
  }
}

import { showValue, textOf } from './show-value.ts'

/** What a type says, by how it begins. */
export const CONTEXT_TYPES: readonly (readonly [prefix: string, meaning: string])[] = [
  ['api-', 'of POST /flex/v2/sessions'],
  ['mf-', 'of POST /microform/v2/sessions: hosted fields'],
  ['gda-', 'of Unified Checkout, older'],
  ['uc-', 'of Unified Checkout'],
]

/** Says where a type of session comes from. */
export function contextTypeMeaning(value: unknown): string {
  const known = CONTEXT_TYPES.find(([prefix]) => textOf(value).startsWith(prefix))
  return known === undefined ? `unknown: ${showValue(value)}` : known[1]
}

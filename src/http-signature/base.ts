import { headerValues, type SignedMessage } from './message.ts'

/** Both spellings of the component that stands for method and target; older clients write the parentheses. */
export const REQUEST_TARGETS: readonly string[] = ['request-target', '(request-target)']

/** The components that can carry the time of signing. */
export const DATES: readonly string[] = ['date', 'v-c-date']

/**
 * The string to sign, or why there is none: the listed components that are `missing`, `repeated`, or hold a line break
 * (`malformed`: they could imitate another component's line). `names` holds all components with that one problem.
 */
export type SignatureBase =
  | { readonly ok: true; readonly base: string }
  | {
      readonly ok: false
      readonly problem: 'missing' | 'repeated' | 'malformed'
      readonly names: readonly string[]
    }

const PROBLEMS = [
  { problem: 'missing', applies: (values: readonly string[]) => values.length === 0 },
  { problem: 'repeated', applies: (values: readonly string[]) => values.length > 1 },
  { problem: 'malformed', applies: (values: readonly string[]) => values.some(hasLineBreak) },
] as const

/**
 * Returns the values that a component has in a message: none when it is missing, several when it is repeated.
 *
 * `date` stands for the header `v-c-date` where no `date` was sent, as the vendor's guide has it. A time check must
 * read the value from here, so that it judges exactly the value that was signed. Names are lower case.
 */
export function componentValues(message: SignedMessage, component: string): readonly string[] {
  if (REQUEST_TARGETS.includes(component)) {
    return [`${message.method.toLowerCase()} ${message.target}`]
  }
  const values = headerValues(message, component)
  return component === 'date' && values.length === 0 ? headerValues(message, 'v-c-date') : values
}

/**
 * Builds the string to sign: a line `name: value` for each component, in the order given, joined with LF, none at the
 * end. Every component must occur exactly once in the message. Components are lower case and without duplicates, as
 * `parseSignatureHeader` returns them; whether they cover enough is not yet verified (`checkCoverage`).
 */
export function signatureBase(
  message: SignedMessage,
  components: readonly string[],
): SignatureBase {
  const found = components.map((name) => ({ name, values: componentValues(message, name) }))
  for (const { problem, applies } of PROBLEMS) {
    const names = found.filter(({ values }) => applies(values)).map(({ name }) => name)
    if (names.length > 0) return { ok: false, problem, names }
  }
  const lines = found.map(({ name, values: [value = ''] }) => `${name}: ${value}`)
  return { ok: true, base: lines.join('\n') }
}

function hasLineBreak(value: string): boolean {
  return value.includes('\n') || value.includes('\r')
}

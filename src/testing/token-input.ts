import type { FieldOptions } from '../client/capture-context-request.ts'
import type { CardDataInput } from '../client/create-token.ts'
import { OperatorError } from '../errors.ts'
import { FIELD_PATHS, type FieldPath } from '../protocol/field-catalogue.ts'
import { nest, type Tree } from '../protocol/nest.ts'
import { isJsonObject, type JsonObject } from '../protocol/parse.ts'

/** Fields of the card by their bare names. */
interface BareCard {
  /** Default is 4111111111111111. */
  readonly number?: string
  /** Two digits. Default is `12`. */
  readonly expirationMonth?: string
  /** Four digits. Default is in three years, by the clock of the emulator. */
  readonly expirationYear?: string
  /** Default is none. */
  readonly securityCode?: string
  /** The network's code of three digits. Default is none. */
  readonly type?: string
}

/**
 * What a transient token is to stand for: fields of the card by their bare names (`number`), any field by its dotted path
 * (`'orderInformation.billTo.email'`), or trees as they are submitted (`orderInformation: { billTo: { … } }`), in any mixture;
 * what is named twice is taken from the first of these three. An empty string leaves a field out. Every field that has a value
 * is declared in the session.
 *
 * Number and expiry have defaults, unless there is a tree `paymentInformation`.
 */
export type TokenInput = BareCard & { readonly [Path in FieldPath]?: string } & CardDataInput

const CARD = 'paymentInformation.card.'
const KNOWN: ReadonlySet<string> = new Set(FIELD_PATHS)
const YEARS_AHEAD = 3

/**
 * Makes the tree that is submitted.
 *
 * @throws OperatorError when a field is not known, or its value is not text.
 */
export function toCardData(input: TokenInput, now: Date): Tree<string> {
  const members: JsonObject = { ...input }
  const bare = new Map<string, string>()
  const trees = new Map<string, string>()
  const paths = new Map<string, string>()
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined) continue
    if (isJsonObject(value)) readTree(value, name, trees)
    else if (KNOWN.has(name)) paths.set(name, readText(value))
    else bare.set(`${CARD}${name}`, readText(value))
  }
  const usual = input.paymentInformation === undefined ? usualCard(now) : new Map<string, string>()
  const fields = [...new Map([...usual, ...trees, ...paths, ...bare])]
  if (fields.some(([path]) => !KNOWN.has(path))) throw unknownField()
  return nest(fields.filter(([, value]) => value !== ''))
}

function usualCard(now: Date): ReadonlyMap<string, string> {
  return new Map([
    [`${CARD}number`, '4111111111111111'],
    [`${CARD}expirationMonth`, '12'],
    [`${CARD}expirationYear`, String(now.getUTCFullYear() + YEARS_AHEAD)],
  ])
}

function readTree(tree: JsonObject, path: string, fields: Map<string, string>): void {
  for (const [name, value] of Object.entries(tree)) {
    const inner = `${path}.${name}`
    if (isJsonObject(value)) readTree(value, inner, fields)
    else if (value !== undefined) fields.set(inner, readText(value))
  }
}

function readText(value: unknown): string {
  if (typeof value === 'string') return value
  throw new OperatorError(
    'A field of the token is not text.',
    'Quote it, a number of a month or a year too: { expirationMonth: "12" }.',
  )
}

function unknownField(): OperatorError {
  return new OperatorError(
    'A field of the token is not known.',
    'Name those of the card as they are (number), any other by its path (orderInformation.billTo.email) or in a tree.',
  )
}

/** Declares every field that the data has. */
export function fieldsOf(data: Tree<string>): Tree<FieldOptions> {
  return Object.fromEntries(
    Object.entries(data).map(
      ([name, value]) => [name, typeof value === 'string' ? {} : fieldsOf(value)] as const,
    ),
  )
}

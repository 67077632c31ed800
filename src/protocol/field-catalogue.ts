// The 31 documented leaves of `fields` (5 card, 2 amountDetails, 13 billTo, 11 shipTo), and two that only the
// published example of `shipTo` names.

const CARD = ['number', 'type', 'securityCode', 'expirationMonth', 'expirationYear'] as const
const AMOUNT_DETAILS = ['totalAmount', 'currency'] as const
const ADDRESS = [
  'address1',
  'address2',
  'administrativeArea',
  'buildingNumber',
  'country',
  'district',
  'locality',
  'postalCode',
  'firstName',
  'lastName',
  'company',
] as const
const CONTACT = ['email', 'phoneNumber'] as const

/** A card field's own name, as the `mf-*` contexts and bare data use it. */
export type CardField = (typeof CARD)[number]

/** A dotted path that a session may name and that card data may hold. */
export type FieldPath =
  | `paymentInformation.card.${CardField}`
  | `orderInformation.amountDetails.${(typeof AMOUNT_DETAILS)[number]}`
  | `orderInformation.billTo.${(typeof ADDRESS)[number] | (typeof CONTACT)[number]}`
  | `orderInformation.shipTo.${(typeof ADDRESS)[number] | (typeof CONTACT)[number]}`

/** Every known path, in the order of the catalogue. */
export const FIELD_PATHS: readonly FieldPath[] = [
  ...CARD.map((name) => `paymentInformation.card.${name}` as const),
  ...AMOUNT_DETAILS.map((name) => `orderInformation.amountDetails.${name}` as const),
  ...[...ADDRESS, ...CONTACT].map((name) => `orderInformation.billTo.${name}` as const),
  ...[...ADDRESS, ...CONTACT].map((name) => `orderInformation.shipTo.${name}` as const),
]

const KNOWN: ReadonlySet<string> = new Set(FIELD_PATHS)

/** Tells whether a dotted path is one of the catalogue. */
export function isFieldPath(path: string): path is FieldPath {
  return KNOWN.has(path)
}

const KNOWN_UNDER: ReadonlyMap<string, ReadonlyMap<string, string>> = listNames()

/** Every field and branch of the catalogue: the path of a branch (empty at the top), then the names in it and their paths. */
function listNames(): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const under = new Map<string, Map<string, string>>()
  for (const field of FIELD_PATHS) {
    let prefix = ''
    for (const name of field.split('.')) {
      const path = prefix === '' ? name : `${prefix}.${name}`
      const names = under.get(prefix) ?? new Map<string, string>()
      under.set(prefix, names.set(name, path))
      prefix = path
    }
  }
  return under
}

/** Joins the path of a branch (empty at the top) and a name in it. What is in the catalogue is not built anew: its text has been hashed. */
export function joinPath(prefix: string, name: string): string {
  const known = KNOWN_UNDER.get(prefix)?.get(name)
  return known ?? (prefix === '' ? name : `${prefix}.${name}`)
}

const NAMES: ReadonlyMap<string, readonly string[]> = new Map(
  FIELD_PATHS.map((path) => [path, path.split('.')]),
)

/** Splits a dotted path; one of the catalogue was split before. */
export function namesOf(path: string): readonly string[] {
  return NAMES.get(path) ?? path.split('.')
}

const BARE_NAMES: ReadonlyMap<string, FieldPath> = new Map(
  CARD.map((name) => [name, `paymentInformation.card.${name}`] as const),
)

/** Resolves a bare card-field name (`number`) to its path; undefined for any other name. */
export function pathOfBareName(name: string): FieldPath | undefined {
  return BARE_NAMES.get(name)
}

/** Card data by dotted path: only known paths, only non-empty strings. */
export type CardData = ReadonlyMap<FieldPath, string>

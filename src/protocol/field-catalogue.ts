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

type Split = readonly [branch: string, name: string]

// Every field and branch of the catalogue, taken apart: what is known is not built anew, so that its text is hashed once.
const SPLITS: ReadonlyMap<string, Split> = new Map(
  FIELD_PATHS.flatMap((path) => prefixesOf(path)).map((path) => [path, cut(path)]),
)

const JOINED: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map(
  [...SPLITS.values()].map(([branch]) => [branch, namesIn(branch)]),
)

function prefixesOf(path: string): readonly string[] {
  const [branch] = cut(path)
  return branch === '' ? [path] : [...prefixesOf(branch), path]
}

function cut(path: string): Split {
  const at = path.lastIndexOf('.')
  return at < 0 ? ['', path] : [path.slice(0, at), path.slice(at + 1)]
}

function namesIn(branch: string): ReadonlyMap<string, string> {
  const inside = [...SPLITS].filter(([, [parent]]) => parent === branch)
  return new Map(inside.map(([path, [, name]]) => [name, path]))
}

/** Takes the last name off a dotted path; its branch is empty at the top. */
export function splitPath(path: string): Split {
  return SPLITS.get(path) ?? cut(path)
}

/** Tells whether a dotted path is that of a branch of the catalogue. */
export function isBranchPath(path: string): boolean {
  return path !== '' && JOINED.has(path)
}

/** Joins the path of a branch, empty at the top, and a name in it. */
export function joinPath(branch: string, name: string): string {
  return JOINED.get(branch)?.get(name) ?? (branch === '' ? name : `${branch}.${name}`)
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

/** Leaves the security code out of card data. */
export function withoutSecurityCode(cardData: CardData): CardData {
  return new Map([...cardData].filter(([path]) => path !== 'paymentInformation.card.securityCode'))
}

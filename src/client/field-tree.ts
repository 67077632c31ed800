import { objectMember, type JsonObject } from '../protocol/parse.ts'

/** The fields that can be captured, as a tree. What stands at a leaf depends on the message. */
export interface FieldTree<Leaf> {
  readonly paymentInformation?: PaymentInformation<Leaf>
  readonly orderInformation?: OrderInformation<Leaf>
}

/** How the order is paid. */
export interface PaymentInformation<Leaf> {
  readonly card?: Card<Leaf>
}

/** The payment card. */
export interface Card<Leaf> {
  /** The PAN: 12 to 19 digits that pass the Luhn check, without spaces. */
  readonly number?: Leaf
  /** The network's code of three digits, such as `001` (Visa), `002` (Mastercard) or `003` (American Express). */
  readonly type?: Leaf
  /** Three digits, four with American Express. It can be captured; only the first release of the card shows it. */
  readonly securityCode?: Leaf
  /** Two digits, `01` to `12`. */
  readonly expirationMonth?: Leaf
  /** Four digits, such as `2031`. */
  readonly expirationYear?: Leaf
}

/** What is bought, who pays and where it goes. */
export interface OrderInformation<Leaf> {
  readonly amountDetails?: AmountDetails<Leaf>
  readonly billTo?: BillTo<Leaf>
  readonly shipTo?: ShipTo<Leaf>
}

/** The price. */
export interface AmountDetails<Leaf> {
  /** A decimal string, such as `21.00`, with no more decimal places than the currency has. */
  readonly totalAmount?: Leaf
  /** ISO 4217, upper case, such as `USD`. */
  readonly currency?: Leaf
}

/** What both addresses have. */
interface Address<Leaf> {
  /** First line of the street address, at most 60 characters. */
  readonly address1?: Leaf
  /** Second line of the street address, at most 60 characters. */
  readonly address2?: Leaf
  /** State, province or region, such as `CA`; at most 20 characters. */
  readonly administrativeArea?: Leaf
  /** ISO 3166-1 alpha-2, upper case, such as `US`. */
  readonly country?: Leaf
  /** Neighbourhood or district, at most 50 characters. */
  readonly district?: Leaf
  /** City, at most 50 characters. */
  readonly locality?: Leaf
  /** At most 10 characters, such as `94545`. */
  readonly postalCode?: Leaf
  /** Given name, at most 60 characters. */
  readonly firstName?: Leaf
  /** Family name, at most 60 characters. */
  readonly lastName?: Leaf
  /** At most 60 characters. */
  readonly company?: Leaf
}

/** Who pays. */
export interface BillTo<Leaf> extends Address<Leaf> {
  /** House number, at most 256 characters. */
  readonly buildingNumber?: Leaf
  /** At most 255 characters. */
  readonly email?: Leaf
  /** At most 15 characters. */
  readonly phoneNumber?: Leaf
}

/** Where it goes. */
export interface ShipTo<Leaf> extends Address<Leaf> {
  /** House number, at most 15 characters. */
  readonly buildingNumber?: Leaf
  /** At most 255 characters. Not among the documented fields; the vendor's published example has it. */
  readonly email?: Leaf
  /** At most 15 characters. Not among the documented fields; the vendor's published example has it. */
  readonly phoneNumber?: Leaf
}

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
  'email',
  'phoneNumber',
] as const

/** Reads the value of one field; undefined leaves the field out. */
export type ReadLeaf<Leaf> = (branch: JsonObject, name: string) => Leaf | undefined

/**
 * Reads a tree of fields from JSON of which nothing is known. Unknown members, branches that are not objects, and leaves
 * that `readLeaf` does not understand are left out.
 */
export function readFieldTree<Leaf>(tree: JsonObject, readLeaf: ReadLeaf<Leaf>): FieldTree<Leaf> {
  const payment = objectMember(tree, 'paymentInformation')
  const order = objectMember(tree, 'orderInformation')
  const readLeaves =
    <Name extends string>(names: readonly Name[]) =>
    (branch: JsonObject) =>
      readNames(branch, names, readLeaf)
  return {
    ...(payment && { paymentInformation: readBranch(payment, 'card', readLeaves(CARD)) }),
    ...(order && {
      orderInformation: {
        ...readBranch(order, 'amountDetails', readLeaves(AMOUNT_DETAILS)),
        ...readBranch(order, 'billTo', readLeaves(ADDRESS)),
        ...readBranch(order, 'shipTo', readLeaves(ADDRESS)),
      },
    }),
  }
}

type Branch<Name extends string, Value> = { readonly [N in Name]?: Value }

function readBranch<Name extends string, Value>(
  parent: JsonObject,
  name: Name,
  read: (branch: JsonObject) => Value,
): Branch<Name, Value> {
  const branch = objectMember(parent, name)
  const tree: { [N in Name]?: Value } = {}
  if (branch !== undefined) tree[name] = read(branch)
  return tree
}

function readNames<Name extends string, Leaf>(
  branch: JsonObject,
  names: readonly Name[],
  readLeaf: ReadLeaf<Leaf>,
): Branch<Name, Leaf> {
  const leaves: { [N in Name]?: Leaf } = {}
  for (const name of names) {
    const leaf = readLeaf(branch, name)
    if (leaf !== undefined) leaves[name] = leaf
  }
  return leaves
}

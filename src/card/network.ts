import creditCardType from 'credit-card-type'
import type { CardTypeCode } from './card-type.ts'

/** A card network: which PANs may be its own, and what its security code is called. */
export interface Network {
  readonly code: CardTypeCode
  /** First digits of its PANs, as `low-high` or one prefix, separated by spaces. Both ends belong to the range. */
  readonly prefixes: string
  /** Every length, in digits, that its PANs may have. */
  readonly lengths: readonly number[]
  readonly securityCode: { readonly name: string; readonly length: number }
}

// The eight brands of the wire, with its own ranges and lengths, in its order.
const WIRE_NETWORKS: readonly Network[] = [
  {
    code: '001',
    prefixes: '4',
    lengths: [13, 14, 15, 16, 17, 18, 19],
    securityCode: { name: 'CVV', length: 3 },
  },
  {
    code: '002',
    prefixes: '51-55 2221-2720',
    lengths: [16],
    securityCode: { name: 'CVC', length: 3 },
  },
  {
    code: '003',
    prefixes: '34 37',
    lengths: [15],
    securityCode: { name: 'CID', length: 4 },
  },
  {
    code: '004',
    prefixes:
      '60110 60112-60114 601174 601177-601179 601186-601199 622126-622925 644-659 810000-817199',
    lengths: [16, 19],
    securityCode: { name: 'CID', length: 3 },
  },
  {
    code: '005',
    prefixes: '300-305 3095 36 38-39',
    lengths: [14, 16],
    securityCode: { name: 'CVV', length: 3 },
  },
  {
    code: '007',
    prefixes: '3528-3589',
    lengths: [16],
    securityCode: { name: 'CVV', length: 3 },
  },
  {
    code: '042',
    prefixes:
      '50 5600-6010 60111 601150-601173 601175-601176 601180-601185 601200-622125 622926-623999 6270-6281 6289-6439 66-69',
    lengths: [12, 13, 14, 15, 16, 17, 18, 19],
    securityCode: { name: 'CVC', length: 3 },
  },
  {
    code: '062',
    prefixes: '620000-629999 810000-817199',
    lengths: [16, 19],
    securityCode: { name: 'CVN2', length: 3 },
  },
]

// The library's other networks that have a card type code. Hiper, Mir, Troy and Verve have none.
const LIBRARY_NETWORKS: readonly Network[] = [
  fromLibrary('054', 'elo'),
  fromLibrary('050', 'hipercard'),
  fromLibrary('076', 'naranja'),
]

/** The one table of networks: the wire's eight brands as the wire has them, then those that only the library knows. */
export const NETWORKS: readonly Network[] = [...WIRE_NETWORKS, ...LIBRARY_NETWORKS]

// The library's state is global and mutable: `getTypeInfo` hands out a copy, and nothing else of it is called.
function fromLibrary(code: CardTypeCode, type: string): Network {
  const { patterns, lengths, code: securityCode } = creditCardType.getTypeInfo(type)
  return {
    code,
    prefixes: patterns.map((pattern) => [pattern].flat().join('-')).join(' '),
    lengths,
    securityCode: { name: securityCode.name, length: securityCode.size },
  }
}

interface Range {
  readonly network: Network
  readonly low: string
  readonly high: string
  /** The share of all numbers that the range covers. */
  readonly share: number
}

function rangesOf(network: Network): readonly Range[] {
  return network.prefixes.split(' ').map((prefix) => {
    const [low = '', high = low] = prefix.split('-')
    return { network, low, high, share: (Number(high) - Number(low) + 1) / 10 ** low.length }
  })
}

// Narrowest first; the sort is stable, so ranges of the same share stay in the order of the table.
const RANGES: readonly Range[] = NETWORKS.flatMap(rangesOf).toSorted((a, b) => a.share - b.share)

function holds(range: Range, pan: string): boolean {
  const head = pan.slice(0, range.low.length)
  return head.length === range.low.length && range.low <= head && head <= range.high
}

/**
 * Lists the networks that a PAN may belong to, the most specific prefix first; none when it is not made of digits.
 *
 * The PAN may be incomplete or fail its other checks: a network is a candidate once its whole prefix is there.
 * Networks share ranges (622126–622925 is both Discover's and UnionPay's), so no number has "its" network here. The
 * prefix that covers the fewest numbers comes first; where two cover the same (810000–817199), the wire's order holds.
 */
export function networksOf(pan: string): readonly Network[] {
  if (!/^[0-9]+$/.test(pan)) return []
  return [...new Set(RANGES.filter((range) => holds(range, pan)).map((range) => range.network))]
}

/** Tells whether a candidate network of the PAN has PANs of its length. True when there is no candidate. */
export function hasAllowedLength(pan: string): boolean {
  const candidates = networksOf(pan)
  return candidates.length === 0 || candidates.some(({ lengths }) => lengths.includes(pan.length))
}

/** Lists the lengths that the security code of a PAN may have: those of its candidate networks, 3 and 4 when there is none. */
export function securityCodeLengthsOf(pan: string): readonly number[] {
  const candidates = networksOf(pan)
  if (candidates.length === 0) return [3, 4]
  return [...new Set(candidates.map(({ securityCode }) => securityCode.length))]
}

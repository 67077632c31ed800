import { createSecretKey, type KeyObject } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { OperatorError } from '../errors.ts'
import { Secret } from '../secret.ts'

/** What the shares of one root key have in common; no secret. */
export interface ShareSet {
  /** 8 hex digits that the root key alone leads to. */
  readonly check: string
  /** How many shares there are, from 2 to 255. */
  readonly shares: number
  /** How many of them join to the root key, from 2 to `shares`. */
  readonly threshold: number
}

/** One share of a root key. */
export interface Share {
  readonly set: ShareSet
  /** From 1 to the number of shares. */
  readonly number: number
  /** 33 bytes: a point of each byte's polynomial, and where it is. */
  readonly key: KeyObject
}

/** The least and the greatest number of shares, and of those that join. */
export const SHARE_BOUNDS = { least: 2, greatest: 255 } as const

const TEXT =
  /^(?<body>coatcheck-share-(?<number>[0-9]{1,3})of(?<shares>[0-9]{1,3})-needs(?<threshold>[0-9]{1,3})-(?<check>[0-9a-f]{8})-(?<data>[0-9a-f]{66}))-(?<sum>[0-9a-f]{8})$/

/**
 * Writes a share as one word: its number, of how many, how many are needed, whose root key, its bytes and a checksum.
 *
 * @example coatcheck-share-1of3-needs2-5f0c1a9e-<66 hex digits>-<8 hex digits>
 */
export function formatShare({ set, number, key }: Share): Secret {
  const { check, shares, threshold } = set
  const bytes = key.export()
  const body = `coatcheck-share-${number}of${shares}-needs${threshold}-${check}-${bytes.toString('hex')}`
  bytes.fill(0)
  return new Secret(`${body}-${checksum(body)}`)
}

/** Reads a share that {@link formatShare} wrote. Throws OperatorError, which never quotes it, when it is none. */
export function parseShare(text: string): Share {
  const groups = TEXT.exec(text.trim())?.groups
  if (groups === undefined) {
    throw new OperatorError('That is no share of a root key.', PASTE_IT)
  }
  const { body = '', check = '', data = '', sum } = groups
  if (checksum(body) !== sum) {
    throw new OperatorError('That share is mistyped: its checksum does not fit.', PASTE_IT)
  }
  const number = Number(groups['number'])
  const shares = Number(groups['shares'])
  const threshold = Number(groups['threshold'])
  if (!isWithin(number, 1, shares) || !isShareCount(shares, threshold)) {
    throw new OperatorError('That is no share of a root key: its numbers cannot be.', PASTE_IT)
  }
  const bytes = Buffer.from(data, 'hex')
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return { set: { check, shares, threshold }, number, key }
}

const PASTE_IT = 'Give it whole, as "coatcheck keys init" printed it: coatcheck-share-….'

/** Tells whether a root key can be split like that. */
export function isShareCount(shares: number, threshold: number): boolean {
  const { least, greatest } = SHARE_BOUNDS
  return isWithin(shares, least, greatest) && isWithin(threshold, least, shares)
}

function isWithin(value: number, least: number, greatest: number): boolean {
  return value >= least && value <= greatest
}

/** A CRC finds every change of up to four characters in a row; it is no protection from forgers, and need not be. */
function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0')
}

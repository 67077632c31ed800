import { createHmac, createSecretKey } from 'node:crypto'
import { combine, split } from 'shamir-secret-sharing'
import type { Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { SealingKey } from '../jose/seal.ts'
import { numberMember, parseJsonBytes, stringMember } from '../protocol/parse.ts'
import type { Secret } from '../secret.ts'
import type { Store, Write } from '../store/contract.ts'
import { formatShare, isShareCount, type Share, type ShareSet } from './root-key-share.ts'
import { KEY_BYTES, toRootKey } from './root-key.ts'

const KIND = 'root-key-shares'
const NAME = 'current'
const VERSION = 1

/** A root key that was made to be split, and its shares, which nothing keeps. */
export interface SplitRootKey {
  readonly root: SealingKey
  readonly set: ShareSet
  /** As {@link formatShare} writes them, by number. */
  readonly shares: readonly Secret[]
}

/** Makes a root key and splits it. The counts must be within bounds. */
export async function makeSplitRootKey(
  { shares, threshold }: Omit<ShareSet, 'check'>,
  random: Pick<Random, 'bytes'>,
): Promise<SplitRootKey> {
  const drawn = random.bytes(KEY_BYTES)
  const secret = Uint8Array.from(drawn)
  drawn.fill(0)
  const points = await split(secret, shares, threshold)
  const set = { check: checkOf(secret), shares, threshold }
  const texts = points.map((point, index) => {
    const key = createSecretKey(point)
    point.fill(0)
    return formatShare({ set, number: index + 1, key })
  })
  return { root: toRootKey(secret), set, shares: texts }
}

/** Joins as many shares of one set as are needed; undefined when they lead to another key than theirs. */
export async function joinShares(shares: readonly Share[]): Promise<SealingKey | undefined> {
  const points = shares.map(({ key }) => {
    const bytes = key.export()
    const point = Uint8Array.from(bytes)
    bytes.fill(0)
    return point
  })
  try {
    const secret = await combine(points)
    const isRight = shares.every(({ set }) => set.check === checkOf(secret))
    const root = toRootKey(secret)
    return isRight ? root : undefined
  } finally {
    for (const point of points) point.fill(0)
  }
}

/** Reads how the root key of a store is split; undefined when it is not. */
export async function readShareSet(store: Pick<Store, 'get'>): Promise<ShareSet | undefined> {
  const record = await store.get(KIND, NAME)
  if (record === undefined) return undefined
  const members = parseJsonBytes(record.value) ?? {}
  const check = stringMember(members, 'check')
  const shares = numberMember(members, 'shares') ?? 0
  const threshold = numberMember(members, 'threshold') ?? 0
  if (members['version'] === VERSION && check !== undefined && isShareCount(shares, threshold)) {
    return { check, shares, threshold }
  }
  throw new OperatorError(
    'The store says in an unknown form how its root key is split.',
    'Use the version of Coatcheck that split it, or restore coatcheck.db, or the schema coatcheck, from a backup.',
  )
}

/** Makes the write that says how the root key is split, or that it is not. */
export function shareSetWrite(set: ShareSet | undefined): Write {
  if (set === undefined) return { op: 'delete', kind: KIND, name: NAME }
  const value = Buffer.from(JSON.stringify({ version: VERSION, ...set }))
  return { op: 'put', kind: KIND, name: NAME, expiresAt: undefined, value }
}

/** Tells root keys apart, and tells nothing of them. */
function checkOf(secret: Uint8Array): string {
  return createHmac('sha256', secret)
    .update('coatcheck root key check v1')
    .digest('hex')
    .slice(0, 8)
}

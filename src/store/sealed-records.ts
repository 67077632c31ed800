import {
  keyIdOf,
  open,
  seal,
  SealError,
  type Place,
  type SealContent,
  type SealingKey,
} from '../jose/seal.ts'
import type { Kind, StoredRecord, Write } from './contract.ts'

/** The keys that seal records, and the randomness that sealing draws. */
export interface Sealer {
  /** The key that seals new records. */
  readonly active: SealingKey
  /** Finds a key by its id; undefined when it is not, or no longer, known. */
  find(id: string): SealingKey | undefined
  randomBytes(count: number): Buffer
}

/** Wraps records by a key that may be out of reach of this process, as that of a token is. */
export interface Wrapper {
  wrap(content: Unsealed): Buffer
  /** Throws SealError when it does not open in this place. */
  unwrap(wrapped: Buffer, place: Place): SealContent
}

/** A record to be sealed and put. */
export interface Unsealed extends SealContent {
  readonly kind: Kind
  readonly name: string
  /** See {@link Place}. */
  readonly secret?: string
}

/** Seals a record under the active key and makes the write that stores it. */
export function sealedWrite(
  op: 'put' | 'put-new',
  record: Unsealed,
  sealer: Sealer | Wrapper,
): Write {
  const value = sealBy(sealer, record)
  return { op, kind: record.kind, name: record.name, expiresAt: record.expiresAt, value }
}

/** Seals a record in the place of the one that was read; refused when that was changed meanwhile. */
export function sealedReplacement(
  record: Unsealed,
  read: StoredRecord,
  sealer: Sealer | Wrapper,
): Write {
  const value = sealBy(sealer, record)
  const { kind, name, expiresAt } = record
  return { op: 'replace', kind, name, expiresAt, value, previous: read.value }
}

function sealBy(sealer: Sealer | Wrapper, record: Unsealed): Buffer {
  if ('wrap' in sealer) return sealer.wrap(record)
  return seal(sealer.active, record, (count) => sealer.randomBytes(count))
}

/** Tells whether the key that sealed a record is not known any more: the record is as good as gone then. */
export function isLost({ value }: StoredRecord, sealer: Sealer): boolean {
  const id = keyIdOf(value)
  return id !== undefined && sealer.find(id) === undefined
}

/**
 * Opens a stored record whose seal says how late it may expire at most: its column may say less, never more.
 *
 * @throws SealError as {@link openRecord} does.
 */
export function openWithin(record: StoredRecord, place: Place, sealer: Sealer): SealContent {
  const opened = open(record.value, place, (id) => sealer.find(id))
  const { expiresAt = 0 } = opened
  const isWithin = record.expiresAt !== undefined && record.expiresAt <= expiresAt
  if (!isWithin || place.name !== record.name) throw new SealError('a sealed value does not open')
  return opened
}

/**
 * Opens a stored record. Owner and expiry come from inside the seal; the column that the engine filters by must agree.
 *
 * @throws SealError when the value does not open in this place, or its column was changed.
 */
export function openRecord(
  record: StoredRecord,
  place: Place,
  sealer: Sealer | Wrapper,
): SealContent {
  const opened =
    'unwrap' in sealer
      ? sealer.unwrap(record.value, place)
      : open(record.value, place, (id) => sealer.find(id))
  if (opened.expiresAt !== record.expiresAt || place.name !== record.name) {
    throw new SealError('a sealed value does not open')
  }
  return opened
}

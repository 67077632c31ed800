import type { Store, StoredRecord, Write } from '../store/contract.ts'
import {
  openRecord,
  sealedReplacement,
  sealedWrite,
  type Sealer,
  type Wrapper,
} from '../store/sealed-records.ts'
import { publicHalf } from './audit-key-material.ts'
import { decodeKey, encodeKey, type KeyLife } from './key-life.ts'
import type { PlannedKey } from './plan.ts'
import { pairIdOf } from './token-pair.ts'

/** The kinds of long-lived keys. */
export type KeyKind = 'signing-key' | 'sealing-key' | 'audit-key'

/** Where the keys of each kind are kept, and what seals them there. */
export interface KeyShelves {
  readonly 'signing-key': { readonly kind: 'signing-key'; readonly sealer: Sealer }
  readonly 'sealing-key': { readonly kind: 'sealing-key'; readonly sealer: Wrapper }
  readonly 'audit-key': { readonly kind: 'audit-key'; readonly sealer: Sealer }
}

/** Where the keys of one kind are kept. */
export type KeyShelf = KeyShelves[KeyKind]

/** A stored key that was read to be changed. Writing it is refused when somebody else changed it meanwhile. */
export interface HeldKey extends PlannedKey {
  /** The id of the pair in the token that keeps it; undefined for what the store keeps itself. */
  readonly pairId: string | undefined
  /** Makes the write that gives it other times. */
  become(life: KeyLife): Write
  /** Makes the write that leaves nothing of it but its id and times, and what verifies for ever. */
  eraseAs(life: KeyLife): Write
  /** Makes the write that seals it anew. */
  resealed(by: Sealer | Wrapper): Write
}

const nothing = (): Buffer => Buffer.alloc(0)

/** What is left of the material of a key that is gone. */
const REMAINDERS: Readonly<Record<KeyKind, (material: Buffer) => Buffer>> = {
  'signing-key': nothing,
  'sealing-key': nothing,
  'audit-key': publicHalf,
}

/** Reads every key of a kind, those that are gone included; throws SealError when one does not open. */
export async function readKeys(
  store: Pick<Store, 'list'>,
  shelf: KeyShelf,
): Promise<readonly HeldKey[]> {
  return (await store.list(shelf.kind)).map((record) => hold(record, shelf))
}

/** Makes the write that stores a new key; refused when its id is taken. The caller wipes the material. */
export function keyWrite(
  { kind, sealer }: KeyShelf,
  {
    id,
    life,
    material,
  }: { readonly id: string; readonly life: KeyLife; readonly material: Buffer },
): Write {
  const content = encodeKey(life, material)
  const record = { kind, name: id, owner: '', expiresAt: undefined, content } as const
  const write = sealedWrite('put-new', record, sealer)
  content.fill(0)
  return write
}

function hold(record: StoredRecord, { kind, sealer }: KeyShelf): HeldKey {
  const place = { kind, name: record.name }
  const { content } = openRecord(record, place, sealer)
  const { life, material } = decodeKey(content)
  const isErased = REMAINDERS[kind](material).equals(material)
  const pairId = kind === 'signing-key' ? pairIdOf(material) : undefined
  content.fill(0)

  function rewrite(
    change: (read: ReturnType<typeof decodeKey>) => Buffer,
    by: KeyShelf['sealer'],
  ): Write {
    const opened = openRecord(record, place, sealer).content
    const changed = change(decodeKey(opened))
    const unsealed = { ...place, kind, owner: '', expiresAt: undefined, content: changed }
    const write = sealedReplacement(unsealed, record, by)
    for (const secret of [opened, changed]) secret.fill(0)
    return write
  }

  return {
    id: record.name,
    life,
    isErased,
    pairId,
    become: (next) => rewrite((read) => encodeKey(next, read.material), sealer),
    eraseAs: (last) => rewrite((read) => encodeKey(last, REMAINDERS[kind](read.material)), sealer),
    resealed: (by) => rewrite((read) => encodeKey(life, read.material), by),
  }
}

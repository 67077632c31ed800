import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { deriveSubkey, SealError, type SealingKey } from '../jose/seal.ts'
import { randomText } from '../protocol/random-text.ts'
import type { Store, StoredRecord } from '../store/contract.ts'
import { openRecord, sealedWrite, type Sealer } from '../store/sealed-records.ts'
import type { RootKey } from './root-key.ts'

const KEY_BYTES = 32
const POOL = 'session-key pool'

/** Makes a sealing key and stores it, wrapped by the root key. */
export async function createSealingKey(store: Store, root: RootKey, random: Random): Promise<void> {
  const content = random.bytes(KEY_BYTES)
  const name = randomText((count) => random.bytes(count), 4)
  const record = { kind: 'sealing-key', name, owner: '', expiresAt: undefined, content } as const
  await store.write([sealedWrite('put-new', record, rootSealer(root, random))])
  content.fill(0)
}

/**
 * Loads the sealing keys of a store; the newest seals, all of them open.
 *
 * @throws OperatorError when the store has none, or the root key is not the one that wrapped them.
 */
export async function loadSealer(store: Store, root: RootKey, random: Random): Promise<Sealer> {
  const records = await store.list('sealing-key')
  const keys = new Map(records.map((record) => [record.name, unwrap(record, root, random)]))
  const active = [...keys.values()].at(-1)
  if (active === undefined) {
    throw new OperatorError('The store has no keys yet.', 'Run "coatcheck keys init" first.')
  }
  return {
    active,
    find: (id) => keys.get(id),
    randomBytes: (count) => random.bytes(count),
  }
}

/** Returns the sealer of pooled session keys: its keys are derived from the sealing keys and open nothing else. */
export function poolSealer(sealer: Sealer): Sealer {
  const derived = new Map<string, SealingKey>()
  const derive = (key: SealingKey): SealingKey => {
    const known = derived.get(key.id) ?? toKey(key.id, deriveSubkey(key, POOL))
    derived.set(key.id, known)
    return known
  }
  return {
    active: derive(sealer.active),
    find: (id) => {
      const key = sealer.find(id)
      return key === undefined ? undefined : derive(key)
    },
    randomBytes: (count) => sealer.randomBytes(count),
  }
}

/** The bytes of a pool sealer's active key, to hand to the minting process; the caller must wipe them. */
export function exportPoolKey(sealer: Sealer): { readonly id: string; readonly bytes: Buffer } {
  return { id: sealer.active.id, bytes: deriveSubkey(sealer.active, POOL) }
}

function unwrap(record: StoredRecord, root: RootKey, random: Random): SealingKey {
  try {
    const place = { kind: 'sealing-key', name: record.name }
    return toKey(record.name, openRecord(record, place, rootSealer(root, random)).content)
  } catch (cause) {
    if (!(cause instanceof SealError)) throw cause
    throw new OperatorError(
      'The root key does not open this store.',
      'Use the root key that was made for this data folder; nothing was changed.',
      cause,
    )
  }
}

function toKey(id: string, bytes: Buffer): SealingKey {
  const key: KeyObject = createSecretKey(bytes)
  bytes.fill(0)
  return { id, key }
}

function rootSealer(root: RootKey, random: Random): Sealer {
  return {
    active: root,
    find: (id) => (id === root.id ? root : undefined),
    randomBytes: (count) => random.bytes(count),
  }
}

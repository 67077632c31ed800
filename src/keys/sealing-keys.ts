import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Now, Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { deriveSubkey, open, seal, SealError, type SealingKey } from '../jose/seal.ts'
import { randomText } from '../protocol/random-text.ts'
import type { Store, StoredRecord, Write } from '../store/contract.ts'
import { openRecord, type Sealer, type Wrapper } from '../store/sealed-records.ts'
import { activeOf, decodeKey, SINCE_EVER, stateOf, type KeyLife } from './key-life.ts'
import { keyWrite } from './key-records.ts'
import type { HeldRootKey, RootKey } from './root-key.ts'

const KEY_BYTES = 32
const POOL = 'session-key pool'

/** What a key is made with. */
export interface KeyMaking extends Random {
  /** Default is a key that has always been active. */
  readonly life?: KeyLife
}

/** Makes a sealing key and stores it, wrapped by the root key. */
export async function createSealingKey(
  store: Store,
  root: RootKey,
  making: KeyMaking,
): Promise<void> {
  await store.write([newSealingKey(rootSealer(root, making), making).write])
}

/** Draws a sealing key; returns its id and the write that stores it, wrapped. */
export function newSealingKey(
  wrapper: Wrapper,
  { bytes, life = SINCE_EVER }: Pick<KeyMaking, 'bytes' | 'life'>,
): { readonly id: string; readonly write: Write } {
  const id = randomText(bytes, 4)
  const material = bytes(KEY_BYTES)
  const write = keyWrite({ kind: 'sealing-key', sealer: wrapper }, { id, life, material })
  material.fill(0)
  return { id, write }
}

/** A sealing key and its times. */
export interface SealingEntry {
  readonly life: KeyLife
  readonly key: SealingKey
}

/**
 * Loads the sealing keys of a store as they are now: the active one seals, all of them open.
 *
 * @param machine - without `now` the newest key seals.
 * @throws OperatorError when the store has none, or the root key is not the one that wrapped them.
 */
export async function loadSealer(
  store: Pick<Store, 'list'>,
  root: RootKey,
  machine: Random & { readonly now?: Now },
): Promise<Sealer> {
  const records = await store.list('sealing-key')
  const wrapper = rootSealer(root, machine)
  const entries = records.map((record) => unwrap(record, wrapper))
  return createSealer(() => entries, machine)
}

interface SealerNeeds extends Pick<Random, 'bytes'> {
  readonly now?: Now
  /** Told when a key is looked for that is not known. */
  onMissing?(): void
}

/**
 * Makes a sealer of the keys that `entries` returns, oldest first; which one seals is told by the clock.
 *
 * @throws OperatorError when there is none.
 */
export function createSealer(
  entries: () => readonly SealingEntry[],
  { bytes, now, onMissing }: SealerNeeds,
): Sealer {
  if (entries().length === 0) {
    throw new OperatorError('The store has no keys yet.', 'Run "coatcheck keys init" first.')
  }
  return {
    get active() {
      return activeEntry(entries(), now).key
    },
    find: (id) => {
      const found = entries().find(({ key, life }) => key.id === id && mayOpen(life, now))
      if (found === undefined) onMissing?.()
      return found?.key
    },
    randomBytes: (count) => bytes(count),
  }
}

/** A revoked key must open nothing, be it deleted yet or not; any other opens as long as it is there. */
function mayOpen(life: KeyLife, now: Now | undefined): boolean {
  if (life.revokedAt === undefined || now === undefined) return true
  return stateOf(life, now()) !== 'gone'
}

/**
 * Finds the entry that is active; without a clock the newest. Where a clock is set to before all keys, the first one
 * serves. There must be one.
 */
export function activeEntry<Entry extends { readonly life: KeyLife }>(
  entries: readonly Entry[],
  now: Now | undefined,
): Entry {
  const active = now === undefined ? entries.at(-1) : (activeOf(entries, now()) ?? entries[0])
  if (active === undefined) throw new TypeError('there is no key')
  return active
}

/** Unwraps a sealing key. Throws OperatorError when the root key does not open it. */
export function unwrap(record: StoredRecord, wrapper: Wrapper): SealingEntry {
  try {
    const place = { kind: 'sealing-key', name: record.name }
    const { life, material } = decodeKey(openRecord(record, place, wrapper).content)
    return { life, key: toKey(record.name, material) }
  } catch (cause) {
    if (!(cause instanceof SealError)) throw cause
    throw new OperatorError(
      'The root key does not open this store.',
      'Use the root key that was made for this data folder; nothing was changed.',
      cause,
    )
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
    get active() {
      return derive(sealer.active)
    },
    find: (id) => {
      const key = sealer.find(id)
      if (key !== undefined) return derive(key)
      derived.delete(id)
      return undefined
    },
    randomBytes: (count) => sealer.randomBytes(count),
  }
}

/** The bytes of a pool sealer's active key, to hand to the minting process; the caller must wipe them. */
export function exportPoolKey(sealer: Sealer): { readonly id: string; readonly bytes: Buffer } {
  const { active } = sealer
  return { id: active.id, bytes: deriveSubkey(active, POOL) }
}

function toKey(id: string, bytes: Buffer): SealingKey {
  const key: KeyObject = createSecretKey(bytes)
  bytes.fill(0)
  return { id, key }
}

/** Returns what wraps sealing keys: a root key, or the one that a process holds at the time. */
export function rootSealer(root: RootKey | HeldRootKey, { bytes }: Pick<Random, 'bytes'>): Wrapper {
  const current = (): RootKey => ('current' in root ? root.current() : root)
  const draw = (count: number): Buffer => bytes(count)
  return {
    wrap(record) {
      const key = current()
      return 'wrap' in key ? key.wrap(record.content, record, draw) : seal(key, record, draw)
    },
    unwrap(wrapped, place) {
      const key = current()
      if ('unwrap' in key) {
        return { owner: '', expiresAt: undefined, content: key.unwrap(wrapped, place) }
      }
      return open(wrapped, place, (id) => (id === key.id ? key : undefined))
    },
  }
}

import type { Now, Random } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { Store, Write } from '../store/contract.ts'
import type { Sealer, Wrapper } from '../store/sealed-records.ts'
import { newAuditKey } from './audit-keys.ts'
import { secondsOf, type KeyLife } from './key-life.ts'
import type { HeldKey, KeyKind, KeyShelf, KeyShelves } from './key-records.ts'
import type { Schedule, Step } from './plan.ts'
import { discardPassing, resealLasting } from './reseal.ts'
import type { HeldRootKey } from './root-key.ts'
import {
  activeEntry,
  newSealingKey,
  rootSealer,
  unwrap,
  type SealingEntry,
} from './sealing-keys.ts'
import { newSigningKey } from './signing-keys.ts'

/** What keeping the keys of a store needs. */
export interface KeepingNeeds {
  readonly store: Store
  readonly root: HeldRootKey
  readonly now: Now
  readonly random: Random
}

/** A key that was made, or whose times were changed, or that was erased. */
export interface KeyChange {
  readonly kind: KeyKind
  readonly id: string
  readonly change: 'made' | 'changed' | 'resealed' | 'erased'
  readonly life: KeyLife
}

/** The keys of one kind, read to be changed. */
export interface Kept {
  readonly shelf: KeyShelf
  readonly keys: readonly HeldKey[]
}

/** Takes one step; undefined when somebody else was quicker. */
export async function takeStep(
  needs: KeepingNeeds,
  { shelf, keys }: Kept,
  step: Step,
): Promise<readonly KeyChange[] | undefined> {
  if (step.due === 'stage') return carryOut(needs, { shelf, keys }, step.schedule)
  const { kind } = shelf
  const { id, life } = step.key
  const key = keys.find((candidate) => candidate.id === id)
  if (key === undefined) return undefined
  if (kind === 'sealing-key') {
    const all = (await openShelves(needs))['signing-key'].sealer
    if (step.due === 'bury') return [await burySealingKey(needs, all, key)]
    await resealLasting({ store: needs.store, sealer: all }, new Set([id]))
  }
  if (step.due === 'bury') destroyPair(needs, key)
  const change = step.due === 'bury' ? 'erased' : 'resealed'
  const write = step.due === 'bury' ? key.eraseAs(life) : key.become(life)
  return (await needs.store.write([write])) ? [{ kind, id, change, life }] : undefined
}

/** Before the record goes, which alone knows the pair; nothing may sign with it any more. */
function destroyPair({ root }: KeepingNeeds, { id, pairId }: HeldKey): void {
  if (pairId === undefined) return
  if (root.signing === undefined) {
    throw new OperatorError(
      `The signing key ${id} is in an HSM, and none is configured.`,
      'Set --pkcs11-module, --pkcs11-token and the PIN.',
    )
  }
  root.signing.destroyPair(pairId)
}

/** Deletes a sealing key once nothing that stays needs it; what a revoked one has sealed for minutes goes with it. */
export async function burySealingKey(
  { store }: KeepingNeeds,
  sealer: Sealer,
  { id, life }: HeldKey,
): Promise<KeyChange> {
  const ids = new Set([id])
  await resealLasting({ store, sealer }, ids)
  if (life.revokedAt !== undefined) await discardPassing({ store }, ids)
  await store.write([{ op: 'delete', kind: 'sealing-key', name: id }])
  return { kind: 'sealing-key', id, change: 'erased', life }
}

/** Writes a schedule in one step; undefined when somebody else has changed one of the keys meanwhile. */
export async function carryOut(
  needs: KeepingNeeds,
  { shelf, keys }: Kept,
  { next, changed }: Schedule,
): Promise<readonly KeyChange[] | undefined> {
  const { kind } = shelf
  const seconds = secondsOf(needs.now())
  const writes: Write[] = []
  const changes: KeyChange[] = []
  for (const { id, life } of changed) {
    const key = keys.find((candidate) => candidate.id === id)
    if (key === undefined) continue
    // What is in a token is erased by housekeeping: a revocation does not wait for an HSM.
    const isGone =
      kind === 'signing-key' &&
      key.pairId === undefined &&
      life.goneAt !== undefined &&
      life.goneAt <= seconds
    writes.push(isGone ? key.eraseAs(life) : key.become(life))
    changes.push({ kind, id, change: isGone ? 'erased' : 'changed', life })
  }
  if (next !== undefined) {
    const { id, write } = await makeKey(needs, { shelf, keys }, next)
    writes.push(write)
    changes.push({ kind, id, change: 'made', life: next })
  }
  return (await needs.store.write(writes)) ? changes : undefined
}

async function makeKey(
  { random, root }: KeepingNeeds,
  { shelf, keys }: Kept,
  life: KeyLife,
): Promise<{ readonly id: string; readonly write: Write }> {
  if (shelf.kind === 'sealing-key') return newSealingKey(shelf.sealer, { ...random, life })
  if (shelf.kind === 'audit-key') return newAuditKey(shelf.sealer, { ...random, life })
  const taken = keys.map(({ id }) => id)
  return newSigningKey(shelf.sealer, { ...random, life, token: root.signing }, taken)
}

/** Opens what every kind of keys are sealed with; a root key that was replaced is read again. */
export async function openShelves(needs: KeepingNeeds): Promise<KeyShelves> {
  const { random, now } = needs
  const wrapper = rootSealer(needs.root, random)
  const entries = await unwrapAll(needs, wrapper)
  if (entries.length === 0) {
    throw new OperatorError('The store has no keys yet.', 'Run "coatcheck keys init" first.')
  }
  // Also a revoked key opens here: what it sealed is to be sealed anew.
  const sealer: Sealer = {
    get active() {
      return activeEntry(entries, now).key
    },
    find: (id) => entries.find(({ key }) => key.id === id)?.key,
    randomBytes: (count) => random.bytes(count),
  }
  return {
    'sealing-key': { kind: 'sealing-key', sealer: wrapper },
    'signing-key': { kind: 'signing-key', sealer },
    'audit-key': { kind: 'audit-key', sealer },
  }
}

async function unwrapAll(
  { store, root }: KeepingNeeds,
  wrapper: Wrapper,
): Promise<readonly SealingEntry[]> {
  const records = await store.list('sealing-key')
  try {
    return records.map((record) => unwrap(record, wrapper))
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    root.renew()
    return records.map((record) => unwrap(record, wrapper))
  }
}

import { OperatorError } from '../errors.ts'
import {
  burySealingKey,
  carryOut,
  openShelves,
  takeStep,
  type KeepingNeeds,
  type KeyChange,
} from './carry-out.ts'
import { stateOf } from './key-life.ts'
import { readKeys, type HeldKey, type KeyKind } from './key-records.ts'
import {
  plan,
  scheduleNext,
  scheduleReplacement,
  scheduleRevocation,
  type KeyPolicy,
  type Schedule,
} from './plan.ts'
import { discardPassing, resealLasting } from './reseal.ts'
import type { ShareSet } from './root-key-share.ts'
import type { RootKey } from './root-key.ts'
import { rootSealer } from './sealing-keys.ts'
import { shareSetWrite } from './split-root-key.ts'

const KIND_NAMES = {
  'signing-key': 'signing key',
  'sealing-key': 'sealing key',
  'audit-key': 'audit key',
} as const
const ATTEMPTS = 5

/** What is done to the long-lived keys of a store, by housekeeping and by operators. */
export interface KeyKeeper {
  /** Every key that there is or was, oldest first. */
  list(kind: KeyKind): Promise<readonly HeldKey[]>
  /**
   * Does what is due; returns what was done. What fails does not hold up the rest.
   *
   * @param onFault - told of everything that failed.
   */
  keep(
    policies: Readonly<Record<KeyKind, KeyPolicy>>,
    onFault: (error: unknown) => void,
  ): Promise<readonly KeyChange[]>
  /** Makes the next key of a kind and schedules its turn. Throws OperatorError when one waits already. */
  rotate(kind: KeyKind, policy: KeyPolicy): Promise<readonly KeyChange[]>
  /** Ends a signing key for good. Throws OperatorError when it has ended, or never was. */
  revoke(kid: string): Promise<readonly KeyChange[]>
  /**
   * Wraps the sealing keys by another root key; it must be the one that is held afterwards.
   *
   * @param shares - how it is split. Default is not at all.
   */
  rewrap(root: RootKey, shares?: ShareSet): Promise<number>
  /**
   * Replaces every sealing key, and throws away what lives for minutes only. Takes some ten seconds.
   *
   * @param waitUntil - resolves at a time, in seconds since the epoch.
   */
  replaceSealingKeys(waitUntil: (at: number) => Promise<void>): Promise<readonly KeyChange[]>
}

/** Makes the keeper of the keys of a store. */
export function createKeyKeeper(needs: KeepingNeeds): KeyKeeper {
  const { store, now } = needs

  async function list(kind: KeyKind): Promise<readonly HeldKey[]> {
    return readKeys(store, (await openShelves(needs))[kind])
  }

  function rotate(kind: KeyKind, policy: KeyPolicy): Promise<readonly KeyChange[]> {
    return insist(needs, kind, (keys) => {
      refuseStaged(keys, kind, now())
      return scheduleNext(keys, policy, now())
    })
  }

  function revoke(kid: string): Promise<readonly KeyChange[]> {
    return insist(needs, 'signing-key', (keys) => {
      refuseEnded(keys, kid, now())
      return scheduleRevocation(keys, kid, now())
    })
  }

  async function rewrap(root: RootKey, shares?: ShareSet): Promise<number> {
    const wrapper = rootSealer(root, needs.random)
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const keys = await list('sealing-key')
      const writes = [...keys.map((key) => key.resealed(wrapper)), shareSetWrite(shares)]
      if (await store.write(writes)) return keys.length
    }
    throw changedMeanwhile()
  }

  async function replaceSealingKeys(
    waitUntil: (at: number) => Promise<void>,
  ): Promise<readonly KeyChange[]> {
    const made = await insist(needs, 'sealing-key', (keys) => scheduleReplacement(keys, now()))
    const next = made.find(({ change }) => change === 'made')
    const goneAt = made.find(({ life }) => life.goneAt !== undefined)?.life.goneAt ?? 0
    await waitUntil(next?.life.activeFrom ?? 0)
    const { sealer } = (await openShelves(needs))['signing-key']
    const old = (await list('sealing-key')).filter(({ id }) => id !== sealer.active.id)
    const ids = new Set(old.map(({ id }) => id))
    await resealLasting({ store, sealer }, ids)
    await discardPassing({ store }, ids, ['pool-key', 'rotated-pool-key'])
    await waitUntil(goneAt)
    const buried: KeyChange[] = []
    for (const key of old) buried.push(await burySealingKey(needs, sealer, key))
    return [...made.filter(({ change }) => change === 'made'), ...buried]
  }

  return {
    list,
    keep: (policies, onFault) => keepAll(needs, policies, onFault),
    rotate,
    revoke,
    rewrap,
    replaceSealingKeys,
  }
}

async function keepAll(
  needs: KeepingNeeds,
  policies: Readonly<Record<KeyKind, KeyPolicy>>,
  onFault: (error: unknown) => void,
): Promise<readonly KeyChange[]> {
  const done: KeyChange[] = []
  const attempt = (run: () => Promise<void>): Promise<void> => run().catch(onFault)
  for (const kind of ['sealing-key', 'signing-key', 'audit-key'] as const) {
    await attempt(async () => {
      const shelf = (await openShelves(needs))[kind]
      const keys = await readKeys(needs.store, shelf)
      for (const step of plan(keys, policies[kind], needs.now())) {
        await attempt(async () => {
          done.push(...((await takeStep(needs, { shelf, keys }, step)) ?? []))
        })
      }
    })
  }
  return done
}

/** Schedules anew, as long as somebody else is quicker to write. */
async function insist(
  needs: KeepingNeeds,
  kind: KeyKind,
  schedule: (keys: readonly HeldKey[]) => Schedule,
): Promise<readonly KeyChange[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const shelf = (await openShelves(needs))[kind]
    const keys = await readKeys(needs.store, shelf)
    const changes = await carryOut(needs, { shelf, keys }, schedule(keys))
    if (changes !== undefined) return changes
  }
  throw changedMeanwhile()
}

function refuseStaged(keys: readonly HeldKey[], kind: KeyKind, now: Date): void {
  const staged = keys.find(({ life }) => stateOf(life, now) === 'staged')
  if (staged === undefined) return
  throw new OperatorError(
    `The ${KIND_NAMES[kind]} ${staged.id} is staged already.`,
    'Wait until it is active: see "coatcheck keys list".',
  )
}

function refuseEnded(keys: readonly HeldKey[], kid: string, now: Date): void {
  const see = 'See "coatcheck keys list".'
  const key = keys.find(({ id }) => id === kid)
  if (key === undefined) throw new OperatorError(`There is no signing key ${kid}.`, see)
  if (stateOf(key.life, now) === 'gone') {
    throw new OperatorError(`The signing key ${kid} is gone already.`, see)
  }
  if (key.life.revokedAt !== undefined) {
    throw new OperatorError(`The signing key ${kid} is revoked already.`, see)
  }
}

function changedMeanwhile(): OperatorError {
  return new OperatorError('The keys were changed by somebody else meanwhile.', 'Try again.')
}

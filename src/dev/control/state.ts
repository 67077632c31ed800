import type { PoolDepth } from '../../keys/minting.ts'
import type { PoolKind } from '../../keys/mint-order.ts'
import type { PoolStatus } from '../../keys/session-key-pool.ts'
import { loadSigningKeys } from '../../keys/signing-keys.ts'
import type { Store } from '../../store/contract.ts'
import type { Sealer } from '../../store/sealed-records.ts'
import type { DevClock } from '../clock.ts'
import type { Faults } from '../faults.ts'
import type { Recorder } from '../recorder.ts'

/** What the control API shows and changes. */
export interface ControlNeeds {
  readonly clock: DevClock
  readonly faults: Faults
  readonly requests: Recorder
  readonly store: Store
  readonly sealer: Sealer
  readonly devToken: string
  readonly startedAt: Date
  /** The text of the seed; undefined when there is none. */
  readonly seed: string | undefined
  /** The address of the service; empty until it listens. */
  url(): string
  pools(): Readonly<Record<PoolKind, PoolDepth>>
  poolStatus(): PoolStatus
  reset(options: { readonly store: boolean }): Promise<void>
}

/** Returns the pools as the state shows them. */
export function showPools({ pools, poolStatus }: ControlNeeds): object {
  return { ...poolStatus(), kinds: pools() }
}

/** Returns everything at a glance. */
export async function showState(needs: ControlNeeds): Promise<object> {
  const { clock, faults, requests, store, sealer, startedAt, seed } = needs
  const state = clock.state()
  const set = faults.list().filter(({ left }) => left !== 0)
  const count = `${set.length} ${set.length === 1 ? 'fault is' : 'faults are'} set.`
  const { active, published } = await loadSigningKeys(store, sealer, clock.now)
  const merchants = (await store.list('merchant')).map(({ name }) => name)
  return {
    url: needs.url(),
    startedAt: startedAt.toISOString(),
    seed: seed ?? null,
    clock: state,
    faults: faults.list(),
    requests: requests.status(),
    pools: showPools(needs),
    signingKeys: published.map(({ kid }) => ({ kid, active: kid === active.kid })),
    merchants,
    warnings: [
      ...(state.warning === null ? [] : [state.warning]),
      ...(set.length === 0 ? [] : [`${count} "coatcheck faults clear" removes them.`]),
    ],
  }
}

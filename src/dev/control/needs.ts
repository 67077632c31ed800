import type { PoolDepth } from '../../keys/minting.ts'
import type { PoolKind } from '../../keys/mint-order.ts'
import type { PoolStatus } from '../../keys/session-key-pool.ts'
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

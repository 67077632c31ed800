import type { Minting } from '../keys/minting.ts'
import type { Store } from '../store/contract.ts'
import type { DevClock } from './clock.ts'
import { DEV_POOL_TARGETS } from './preset.ts'

// Minted keys are good for a day by the machine's clock, which the helper that mints goes by.
const FAR_SECONDS = 12 * 3600

/** Tells whether a clock is so far from the machine's that minted session keys would have expired by it. */
export function isFar(clock: DevClock): boolean {
  const distance = clock.now().getTime() - clock.machine().getTime()
  return Math.abs(distance) > FAR_SECONDS * 1000
}

/** The store as minting sees it: while the clock is far, its pools are full, or it would mint without end. */
export function mintingStore(store: Store, clock: DevClock): Pick<Store, 'depth' | 'write'> {
  return {
    write: (batch) => store.write(batch),
    depth: async (kind) => {
      const isPool = kind === 'pool-key' || kind === 'rotated-pool-key'
      if (!isPool || !isFar(clock)) return store.depth(kind)
      return { count: DEV_POOL_TARGETS[kind], earliestExpiry: undefined }
    },
  }
}

/** The pools of an emulator that does not mint. */
export const NO_POOLS: ReturnType<Minting['status']> = {
  'pool-key': { depth: 0, target: 0, oldestSeconds: 0 },
  'rotated-pool-key': { depth: 0, target: 0, oldestSeconds: 0 },
}

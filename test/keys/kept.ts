import { systemRandom } from '../../src/clock-and-random.ts'
import { createKeyKeeper, type KeyKeeper } from '../../src/keys/keep-keys.ts'
import type { PoolKind } from '../../src/keys/mint-order.ts'
import { auditPolicy, sealingPolicy, signingPolicy } from '../../src/keys/plan.ts'
import { holdRootKey, type RootKey } from '../../src/keys/root-key.ts'
import { loadSealer } from '../../src/keys/sealing-keys.ts'
import { makeRootKey, stockPool } from '../flow.ts'
import { startHarness, type Harness } from '../harness.ts'
import { createTestClock, type TestClock } from '../store/clock.ts'
import type { Store } from '../../src/store/contract.ts'

/** The end of a test. */
interface Scope {
  after(run: () => Promise<void>): void
}

/** Two services over one store, and what keeps its keys. */
export interface Kept {
  readonly clock: TestClock
  readonly here: Harness
  readonly there: Harness
  readonly keeper: KeyKeeper
  readonly rootKey: RootKey
  /** Where the root key is "read" from: a test may put another there. */
  readonly place: { rootKey: RootKey }
  /** Puts keys into the pool, sealed as the minting process would do it now. */
  stock(count: number, kind?: PoolKind): Promise<void>
}

/** Policies that stage for a minute; the seeded keys, which nobody dated, are never too old for them. */
export const POLICIES = {
  'signing-key': signingPolicy(36_500 * 86_400, 60),
  'sealing-key': sealingPolicy(36_500 * 86_400, 60),
  'audit-key': auditPolicy(36_500 * 86_400, 60),
} as const

/** For {@link KeyKeeper.keep} where nothing may fail. */
export function rethrow(error: unknown): never {
  throw error
}

/** Starts two services over one store (default: memory), each with keys of its own memory. */
export async function startKept(t: Scope, makeStore?: (clock: TestClock) => Store): Promise<Kept> {
  const clock = createTestClock()
  const rootKey = makeRootKey()
  const place = { rootKey }
  const rereadRootKey = (): RootKey => place.rootKey
  const shared = { now: clock.now, rootKey, rereadRootKey }
  const store = makeStore?.(clock)
  const here = await startHarness({ ...shared, ...(store === undefined ? {} : { store }) })
  const there = await startHarness({ ...shared, store: here.store })
  t.after(async () => {
    await there.service.close()
    await here.close()
  })
  const root = holdRootKey(rootKey, rereadRootKey)
  const stock = async (count: number, kind: PoolKind = 'pool-key'): Promise<void> => {
    const machine = { ...systemRandom, now: clock.now }
    const sealer = await loadSealer(here.store, place.rootKey, machine)
    await stockPool({ store: here.store, sealer }, kind, { count, now: clock.now() })
  }
  await stock(40)
  const keeping = { store: here.store, root, now: clock.now, random: systemRandom }
  return { clock, here, there, keeper: createKeyKeeper(keeping), rootKey, place, stock }
}

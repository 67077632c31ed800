import type { Readiness } from './operator-routes.ts'
import type { PoolDepth } from '../keys/minting.ts'
import type { PoolKind } from '../keys/mint-order.ts'
import type { Store } from '../store/contract.ts'

/** Tells whether the HSM still has the keys that are kept there. */
export type HsmCheck = () => boolean

/** Tells whether the store, and the HSM if there is one, answers and a signing key is there; pools are shown, and an empty one is said so. */
export async function checkReadiness(
  store: Pick<Store, 'depth'>,
  pools: Readonly<Record<PoolKind, PoolDepth>>,
  hsm?: HsmCheck,
): Promise<Readiness> {
  const signingKeys = await store.depth('signing-key').catch(() => undefined)
  const checks = {
    store: signingKeys === undefined ? 'does not answer' : 'ok',
    signingKey: signingKeys?.count === 0 ? 'there is none' : 'ok',
    ...(hsm === undefined ? {} : { hsm: hsm() ? 'ok' : 'does not answer' }),
    pool: pools['pool-key'].depth === 0 ? 'is empty: sessions wait for keys' : 'ok',
  }
  const ready = [checks.store, checks.signingKey, checks.hsm ?? 'ok'].every((each) => each === 'ok')
  return { ready, checks, pools }
}

import type { Readiness } from './operator-routes.ts'
import type { PoolDepth } from '../keys/minting.ts'
import type { PoolKind } from '../keys/mint-order.ts'
import type { Store } from '../store/contract.ts'

/** Tells whether the store answers and holds a signing key; pools are shown, and an empty one is said so. */
export async function checkReadiness(
  store: Pick<Store, 'depth'>,
  pools: Readonly<Record<PoolKind, PoolDepth>>,
): Promise<Readiness> {
  const signingKeys = await store.depth('signing-key').catch(() => undefined)
  const checks = {
    store: signingKeys === undefined ? 'does not answer' : 'ok',
    signingKey: signingKeys?.count === 0 ? 'there is none' : 'ok',
    pool: pools['pool-key'].depth === 0 ? 'is empty: sessions wait for keys' : 'ok',
  }
  return { ready: checks.store === 'ok' && checks.signingKey === 'ok', checks, pools }
}

import type { Readiness } from './operator-routes.ts'
import type { PoolDepth } from '../keys/minting.ts'
import type { PoolKind } from '../keys/mint-order.ts'
import type { Store } from '../store/contract.ts'
import type { WriteProbe } from '../store/probe-writes.ts'

/** Tells whether the HSM still has the keys that are kept there. */
export type HsmCheck = () => boolean

/** What readiness depends on. */
interface ReadinessNeeds {
  readonly store: Pick<Store, 'depth'>
  readonly takesWrites: WriteProbe
  /** Undefined where no key is kept in an HSM. */
  readonly hsm?: HsmCheck | undefined
}

/**
 * Tells whether the store answers and takes writes, the HSM, if there is one, answers, and a signing key is there; pools
 * are shown, and an empty one is said so.
 */
export async function checkReadiness(
  { store, takesWrites, hsm }: ReadinessNeeds,
  pools: Readonly<Record<PoolKind, PoolDepth>>,
): Promise<Readiness> {
  const [signingKeys, isWritable] = await Promise.all([
    store.depth('signing-key').catch(() => undefined),
    takesWrites(),
  ])
  const written = isWritable ? 'ok' : 'cannot be written'
  const checks = {
    store: signingKeys === undefined ? 'does not answer' : written,
    signingKey: signingKeys?.count === 0 ? 'there is none' : 'ok',
    ...(hsm === undefined ? {} : { hsm: hsm() ? 'ok' : 'does not answer' }),
    pool: pools['pool-key'].depth === 0 ? 'is empty: sessions wait for keys' : 'ok',
  }
  const ready = [checks.store, checks.signingKey, checks.hsm ?? 'ok'].every((each) => each === 'ok')
  return { ready, checks, pools }
}

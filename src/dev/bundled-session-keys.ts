import { epochSeconds, type Now } from '../clock-and-random.ts'
import { HOLD_SECONDS, sealForPool } from '../keys/mint-order.ts'
import { poolSealer } from '../keys/sealing-keys.ts'
import { encodeSessionKey, readModulus } from '../keys/session-key-material.ts'
import { LIFETIME_SECONDS, type SessionJwk } from '../protocol/capture-context.ts'
import type { Store } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { BUNDLED_SESSION_KEYS, importBundledKey } from './bundled-keys.ts'

interface BundledNeeds {
  readonly store: Pick<Store, 'write'>
  readonly sealer: Sealer
  readonly now: Now
  /** Two digits. */
  readonly site: string
}

/** Session keys out of the bundled list, in its order and round again, each time under a new kid. */
export interface BundledSessionKeys {
  /** Gives the key of a new session. No two sessions have the same kid, but every few the same modulus. */
  next(): Promise<SessionJwk>
  /** Begins at the first key of the list. */
  restart(): void
}

/** Makes the source of session keys that need not be minted: in tests, and where the same seed must give the same keys. */
export function createBundledSessionKeys(needs: BundledNeeds): BundledSessionKeys {
  const { store, sealer, now, site } = needs
  const { active, randomBytes } = poolSealer(sealer)
  const materials = new Map<number, Buffer>()
  let given = 0

  /** Encodes a key of the list, once: these protect nothing, and an import costs as much as all else of a session. */
  function materialOf(position: number): Buffer {
    const material = materials.get(position) ?? encodeSessionKey(importBundledKey(position))
    materials.set(position, material)
    return material
  }

  async function next(): Promise<SessionJwk> {
    const content = materialOf(given % BUNDLED_SESSION_KEYS)
    given += 1
    const n = readModulus(content)
    const seconds = epochSeconds(now)
    const order = { kind: 'pool-key', site, content } as const
    const { kid, sealed } = sealForPool(order, { sealingKey: active, randomBytes, seconds })
    const expiresAt = seconds + HOLD_SECONDS + LIFETIME_SECONDS
    const value = Buffer.from(sealed)
    await store.write([{ op: 'put-new', kind: 'session-key', name: kid, expiresAt, value }])
    return { kty: 'RSA', e: 'AQAB', use: 'enc', n, kid }
  }

  return {
    next,
    restart: () => {
      given = 0
    },
  }
}

import { createSecretKey } from 'node:crypto'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import { SealError } from '../jose/seal.ts'
import { LIFETIME_SECONDS, type SessionJwk } from '../protocol/capture-context.ts'
import type { StoredRecord, Write } from '../store/contract.ts'
import { openWithin, sealedWrite, type Sealer } from '../store/sealed-records.ts'
import { readModulus } from './session-key-material.ts'
import { createKeyReference, deriveSessionKid, type KidSource } from './session-kid.ts'
import { poolEmpty } from './waiting-room.ts'

const MAC_KEY_BYTES = 32

/** When a merchant's rotated key is replaced, whichever comes first. */
export interface RotationPolicy {
  readonly sessions: number
  readonly seconds: number
}

interface RotationNeeds {
  /** See {@link Store.take}. */
  take(kind: 'rotated-pool-key', limit: number): Promise<readonly StoredRecord[]>
  /** See {@link Store.write}. */
  write(batch: readonly Write[]): Promise<boolean>
  readonly sealer: Sealer
  readonly poolSealer: Sealer
  readonly now: Now
  /** Two digits. */
  readonly site: string
  /** Told of a pooled key that does not open, by its kid; the key is dropped. */
  onUnreadable(kid: string): void
}

/** The current rotated keys of one process, one a merchant. */
export interface RotatedKeys {
  /**
   * Derives the public key of a new session: its own kid over the merchant's current modulus. Writes only when the key is
   * due for replacement.
   *
   * @throws ServiceError `KEY_POOL_EMPTY` when a key is due and none is ready.
   */
  next(merchantId: string): Promise<SessionJwk>
}

interface CurrentKey {
  readonly source: KidSource
  readonly n: string
  /** Seconds since the epoch. */
  readonly replaceAt: number
  /** The sealing key of its record: once that is not known any more, the private half is lost. */
  readonly sealedBy: string
  sessionsLeft: number
}

/** Makes the rotated keys of one process. Keys are shared by sessions of one merchant only, never between processes. */
export function createRotatedKeys(needs: RotationNeeds, policy: RotationPolicy): RotatedKeys {
  const current = new Map<string, Promise<CurrentKey>>()
  const randomBytes = (count: number): Buffer => needs.sealer.randomBytes(count)

  async function takeMaterial(): Promise<Buffer> {
    const [pooled] = await needs.take('rotated-pool-key', 1)
    if (pooled === undefined) throw poolEmpty()
    try {
      const place = { kind: 'rotated-pool-key', name: pooled.name }
      return openWithin(pooled, place, needs.poolSealer).content
    } catch (error) {
      if (!(error instanceof SealError)) throw error
      needs.onUnreadable(pooled.name)
      return takeMaterial()
    }
  }

  async function replace(merchantId: string): Promise<CurrentKey> {
    const material = await takeMaterial()
    const reference = createKeyReference(randomBytes)
    const macBytes = randomBytes(MAC_KEY_BYTES)
    const replaceAt = epochSeconds(needs.now) + policy.seconds
    const record = { kind: 'rotated-key', name: reference, owner: merchantId } as const
    const content = Buffer.concat([macBytes, material])
    const expiresAt = replaceAt + LIFETIME_SECONDS
    const sealedBy = needs.sealer.active.id
    const write = sealedWrite('put-new', { ...record, expiresAt, content }, needs.sealer)
    const source = { site: needs.site, reference, macKey: createSecretKey(macBytes) }
    const n = readModulus(material)
    for (const secret of [macBytes, material, content]) secret.fill(0)
    if (!(await needs.write([write]))) throw poolEmpty()
    return { source, n, replaceAt, sealedBy, sessionsLeft: policy.sessions }
  }

  function isDue(key: CurrentKey): boolean {
    const isUsedUp = key.sessionsLeft <= 0 || key.replaceAt <= epochSeconds(needs.now)
    return isUsedUp || needs.sealer.find(key.sealedBy) === undefined
  }

  function renew(merchantId: string): Promise<CurrentKey> {
    const replacing = replace(merchantId)
    current.set(merchantId, replacing)
    replacing.catch(() => current.delete(merchantId))
    return replacing
  }

  async function next(merchantId: string): Promise<SessionJwk> {
    let pending = current.get(merchantId) ?? renew(merchantId)
    let key = await pending
    while (isDue(key)) {
      // No await between look and renewal: of many sessions that find a key due, the first replaces it.
      const latest = current.get(merchantId)
      pending = latest === undefined || latest === pending ? renew(merchantId) : latest
      key = await pending
    }
    key.sessionsLeft -= 1
    const kid = deriveSessionKid(key.source, needs.now().getTime(), randomBytes)
    return { kty: 'RSA', e: 'AQAB', use: 'enc', n: key.n, kid }
  }

  return { next }
}

/** Splits a rotated key's sealed content: MAC key (32), then the material of a session key. */
export function splitRotatedKey(content: Buffer): {
  readonly macBytes: Buffer
  readonly material: Buffer
} {
  return { macBytes: content.subarray(0, MAC_KEY_BYTES), material: content.subarray(MAC_KEY_BYTES) }
}

import { generateKeyPairSync } from 'node:crypto'
import { seal, type SealingKey } from '../jose/seal.ts'
import { LIFETIME_SECONDS } from '../protocol/capture-context.ts'
import { encodeSessionKey } from './session-key-material.ts'
import { createSessionKid } from './session-kid.ts'

/** The pools of session keys: the first for one-time keys, the other for keys that several sessions will share. */
export type PoolKind = 'pool-key' | 'rotated-pool-key'

/** How long a key may lie in a pool, in seconds. */
export const POOL_SECONDS = 24 * 3600

/** How long a claimed key may be held before a session uses it, in seconds. */
export const HOLD_SECONDS = 3600

/** How long the seal under which a key was minted is needed: while it is pooled and held, and for the session that uses it last. */
export const SEALED_SECONDS = POOL_SECONDS + HOLD_SECONDS + LIFETIME_SECONDS

/** What the minting process is asked for. It gets a key that seals pooled keys, and opens nothing else of the store. */
export interface MintOrder {
  readonly kind: PoolKind
  readonly count: number
  /** Two digits. */
  readonly site: string
  readonly sealingKeyId: string
  /** The bytes of the pool's sealing key. */
  readonly sealingKey: Uint8Array
  /** 0 to 19. */
  readonly niceness: number
}

/** One key, as the minting process hands it over: sealed for its pool. */
export interface MintedKey {
  readonly kid: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
  readonly sealed: Uint8Array
}

interface MintNeeds {
  readonly sealingKey: SealingKey
  randomBytes(count: number): Buffer
  /** Seconds since the epoch. */
  readonly seconds: number
}

/** Mints one RSA-2048 key pair and seals it for its pool. Takes some 35 ms of CPU. */
export function mintSessionKey(kind: PoolKind, site: string, needs: MintNeeds): MintedKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const content = encodeSessionKey(privateKey)
  const minted = sealForPool({ kind, site, content }, needs)
  content.fill(0)
  return minted
}

/** Seals the material of a session key for its pool, under a kid drawn for it. */
export function sealForPool(
  key: { readonly kind: PoolKind; readonly site: string; readonly content: Buffer },
  needs: MintNeeds,
): MintedKey {
  const randomBytes = (count: number): Buffer => needs.randomBytes(count)
  const kid = createSessionKid(key.site, needs.seconds * 1000, randomBytes)
  const expiresAt = needs.seconds + POOL_SECONDS
  // It stays under this seal when it is claimed.
  const latest = needs.seconds + SEALED_SECONDS
  const record = { kind: key.kind, name: kid, owner: '', expiresAt: latest, content: key.content }
  return { kid, expiresAt, sealed: seal(needs.sealingKey, record, randomBytes) }
}

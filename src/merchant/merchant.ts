import type { KeyObject } from 'node:crypto'

/** A merchant's session keys: one for each session, or one shared by its sessions of a short time. */
export type SessionKeyPolicy = 'one-time' | 'rotated'

/** The authenticated caller that opens sessions. */
export interface Merchant {
  readonly id: string
  readonly sessionKeys: SessionKeyPolicy
  /** How many transient tokens a session may give. Undefined means the service's default. */
  readonly tokensPerSession: number | undefined
  /** How many opened attempts a session may see. Undefined means the service's default. */
  readonly attemptsPerSession: number | undefined
  /** Seconds since the epoch. */
  readonly createdAt: number
}

/** What a merchant signs its requests with. */
export interface Credential {
  readonly keyId: string
  readonly merchantId: string
  /** The decoded shared secret: for HTTP Signature and for JWT with HMAC. */
  readonly secret: KeyObject
  /** Seconds since the epoch. */
  readonly createdAt: number
}

/** A merchant and the credential by which it is known. */
export interface Identity {
  readonly merchant: Merchant
  readonly credential: Credential
}

const MERCHANT_ID = /^[A-Za-z0-9_.-]{1,50}$/

/** Tells whether text can be a merchant id: 1 to 50 of letters, digits, `_`, `.` and `-`. */
export function isMerchantId(text: string): boolean {
  return MERCHANT_ID.test(text)
}

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
  /** How long a session may be used, in seconds. Undefined means the longest, 15 minutes. */
  readonly sessionSeconds?: number | undefined
  /** How long a transient token may be used, in seconds. Undefined means the longest, 15 minutes. */
  readonly tokenSeconds?: number | undefined
  /** How often a transient token may be used; 0 means as often as one likes. Undefined means the service's default. */
  readonly usesPerToken?: number | undefined
  /** The https origins that its pages may have. Undefined means none. */
  readonly pageOrigins?: readonly string[] | undefined
  /** The certificate, in PEM, to whose key its cards may be released. Undefined means that there is none. */
  readonly releaseCertificate?: string | undefined
  /** Whether its cards may be released at all. Undefined means no. */
  readonly entitled?: boolean | undefined
  /** Whether a new credential may sign JWTs of version 1, when nothing else is said of it. Undefined means no. */
  readonly jwtV1?: boolean | undefined
  /** Seconds since the epoch. */
  readonly createdAt: number
  /** Seconds since the epoch; undefined while the merchant may do anything at all. */
  readonly disabledAt?: number | undefined
}

/** What a credential may do that is off by default; each lowers a guard, or widens whom it speaks for. */
export interface Allowances {
  /** JWT version 1: bound to no method and no path, and good again for as long as the clocks agree. */
  readonly jwtV1: boolean
  /** HTTP Signatures whose list has no date: they can be replayed for ever. */
  readonly undated: boolean
  /** Ids of further merchants that it may act for, signing with its owner's id: a meta key. */
  readonly merchants: readonly string[]
}

/** What a credential is allowed when nothing was said. */
export const STRICT: Allowances = { jwtV1: false, undated: false, merchants: [] }

interface CredentialCommon {
  readonly keyId: string
  /** The owner. */
  readonly merchantId: string
  readonly allows: Allowances
  /** Seconds since the epoch. */
  readonly createdAt: number
  /** Seconds since the epoch; undefined while it is good. */
  readonly revokedAt: number | undefined
}

/** A shared secret: for HTTP Signature and for JWT with HMAC, nothing else. */
export interface SharedSecretCredential extends CredentialCommon {
  readonly kind: 'shared-secret'
  /** Decoded. */
  readonly secret: KeyObject
}

/** A certificate: for JWT with RSA, nothing else. Its key id is the `serialNumber` of its subject. */
export interface CertificateCredential extends CredentialCommon {
  readonly kind: 'certificate'
  readonly publicKey: KeyObject
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string
  /** Seconds since the epoch. */
  readonly notAfter: number
}

/** A certificate to which replies are encrypted when a JWT asks for it by key id. Nothing is signed with it. */
export interface MleCertificateCredential extends CredentialCommon {
  readonly kind: 'mle-certificate'
  readonly publicKey: KeyObject
  /** Seconds since the epoch. */
  readonly notAfter: number
}

/** What a merchant signs its requests with, or has its replies encrypted to. */
export type Credential = SharedSecretCredential | CertificateCredential | MleCertificateCredential

/** Tells whether a credential is for signing, and lets its owner in. */
export function isForSigning(credential: Credential): boolean {
  return credential.kind !== 'mle-certificate'
}

/** A credential and the merchant that owns it. */
export interface Identity {
  readonly merchant: Merchant
  readonly credential: Credential
}

const MERCHANT_ID = /^[A-Za-z0-9_.-]{1,50}$/

/** Tells whether text can be a merchant id: 1 to 50 of letters, digits, `_`, `.` and `-`. */
export function isMerchantId(text: string): boolean {
  return MERCHANT_ID.test(text)
}

import type { JsonObject } from '../protocol/parse.ts'

/** One member of what was read, explained. */
export interface Row {
  readonly name: string
  /** Printable and shortened; never card data, secrets or a sealed value whole. */
  readonly value: string
  readonly meaning: string
}

/** A group of rows that belong together, such as the header. */
export interface Part {
  readonly title: string
  readonly rows: readonly Row[]
}

/** A part, and the sentences that say what is wrong with it. */
export interface Explained {
  readonly part: Part
  readonly problems: readonly string[]
}

/** What can be recognised. */
export type Kind =
  | 'capture-context'
  | 'transient-token'
  | 'merchant-jwt-v2'
  | 'merchant-jwt-v1'
  | 'jwt'
  | 'token-request'
  | 'mle'
  | 'payment-credentials'
  | 'jwe'
  | 'jwk'
  | 'jwks'
  | 'jti'

/** Everything that can be said of a token or key without verifying it. */
export interface Report {
  readonly kind: Kind
  /** The kind in words. */
  readonly title: string
  readonly parts: readonly Part[]
  /** What is wrong, a sentence each. Empty when nothing was found. */
  readonly problems: readonly string[]
}

/** What a member is explained by: everything around it, and the time. */
export interface Scene {
  readonly header: JsonObject
  /** Empty where there are none. */
  readonly claims: JsonObject
  /** Seconds since the epoch. */
  readonly now: number
}

/** What a JWT is judged by. */
export interface Authority {
  /** Where the public keys of the service are. */
  readonly url: string
  /** The origins that may receive card data. */
  readonly origins: readonly string[]
  readonly now: Date
}

/** What came out. */
export type Verdict = ValidVerdict | InvalidVerdict

interface Words {
  /** One sentence, without a full stop. */
  readonly summary: string
  /** What else there is to say, as name and text. */
  readonly lines: readonly (readonly [name: string, text: string])[]
}

/** A JWT that holds, and what it says. */
export interface ValidVerdict extends Words {
  readonly valid: true
  readonly kind: 'capture-context' | 'transient-token'
  readonly kid: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Members of its kind. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** A JWT that does not hold. */
export interface InvalidVerdict extends Words {
  readonly valid: false
  /** The client's reason, such as `CAPTURE_CONTEXT_EXPIRED`. */
  readonly reason: string
}

/** Makes the verdict on a JWT that does not hold. */
export function invalid(reason: string, summary: string): InvalidVerdict {
  return { valid: false, reason, summary, lines: [] }
}

import type { CaptureContext } from '../protocol/capture-context.ts'

/**
 * A capture context whose signature, time and addresses have been verified. Only `verifyCaptureContext` makes one.
 *
 * A class for its private member: no literal, spread or parsed object passes for it, neither in types nor at run time.
 */
export class VerifiedCaptureContext {
  readonly #jwt: string
  /** What it says, as it was signed; unknown members are left out. */
  readonly claims: CaptureContext
  /** Where card data is posted to: `flx.origin` and `flx.path`, checked. */
  readonly tokensUrl: string

  constructor(jwt: string, claims: CaptureContext, tokensUrl: string) {
    this.#jwt = jwt
    this.claims = claims
    this.tokensUrl = tokensUrl
    Object.freeze(this)
  }

  /** The capture context itself, verbatim. Printing this object does not show it. */
  get jwt(): string {
    return this.#jwt
  }

  /** Tells whether a value is one of these, also to callers without types. */
  static is(value: unknown): value is VerifiedCaptureContext {
    return typeof value === 'object' && value !== null && #jwt in value
  }
}

import type { Detail } from '../errors.ts'

/**
 * Every reason that the client itself gives, with its message. Reasons of a service pass through beside these; the two
 * that have the same name on both sides mean the same.
 */
export const LOCAL_REASONS = {
  OPTIONS_INVALID: 'An option is missing or cannot be used',
  NETWORK_ERROR: 'The service could not be reached',
  TIMEOUT: 'The service did not reply in time',
  ABORTED: 'The caller aborted the request',
  REDIRECTED: 'The service answered with a redirect, which is never followed',
  REPLY_INVALID: 'The service replied with something else than was asked for',
  AUTHENTICATION_FAILED: 'The service refused the credentials (status 401) and gave no reason',
  NOT_FOUND: 'The service does not know what was asked for (status 404) and gave no reason',
  HTTP_ERROR: 'The service refused the request and gave no reason',
  CAPTURE_CONTEXT_INVALID: 'The capture context cannot be trusted',
  CAPTURE_CONTEXT_EXPIRED: 'The capture context has expired',
  CAPTURE_CONTEXT_UNSUPPORTED: 'The capture context has no entry of a type that is understood',
  ORIGIN_NOT_ALLOWED: 'The capture context names an address outside the allowed origins',
  ENCRYPTION_FAILED: 'The data could not be encrypted to the session key',
  TRANSIENT_TOKEN_INVALID: 'The transient token cannot be trusted',
  TRANSIENT_TOKEN_EXPIRED: 'The transient token has expired',
  DECRYPTION_FAILED: 'The payment credentials could not be decrypted',
  CREDENTIALS_INVALID: 'The payment credentials cannot be trusted',
} as const

/** A reason that the client itself gives: keys of {@link LOCAL_REASONS}. */
export type LocalReason = keyof typeof LOCAL_REASONS

/** A reason that the service gave, such as `VALIDATION_ERROR`; an open set, at most 39 of `[A-Za-z0-9_.-]`. */
export type WireReason = string & Record<never, never>

/** What is known of a failure beside its reason. */
export interface FlexErrorFacts {
  /** Default is the text of {@link LOCAL_REASONS}. Must not hold tokens, secrets or card data. */
  readonly message?: string | undefined
  /** HTTP status of the reply. Default is 0: no reply was received, or none was asked for. */
  readonly status?: number
  readonly correlationId?: string | undefined
  /** Default is none. */
  readonly details?: readonly Detail[]
  readonly retryAfterSeconds?: number | undefined
}

/**
 * The only error that the client throws. Switch on `reason`.
 *
 * Neither the message nor any member holds a token, a secret or card data, and there is no `cause`, so that it can be
 * logged as it is.
 */
export class FlexError extends Error {
  override readonly name = 'FlexError'
  /** Why: a reason of the service where it gave one, else one of {@link LOCAL_REASONS}. */
  readonly reason: LocalReason | WireReason
  /** HTTP status of the reply; 0 when no reply was received. */
  readonly status: number
  /** What support asks for: the reply's `v-c-correlation-id`. Undefined when there was no reply, or none in it. */
  readonly correlationId: string | undefined
  /** Every fault that the service named. Empty when it named none. */
  readonly details: readonly Detail[]
  /** Seconds of the reply's `Retry-After`. Undefined when it had none, or one that is a date. */
  readonly retryAfterSeconds: number | undefined

  constructor(reason: LocalReason | WireReason, facts: FlexErrorFacts = {}) {
    super(facts.message ?? messageOf(reason))
    this.reason = reason
    this.status = facts.status ?? 0
    this.correlationId = facts.correlationId
    this.details = facts.details ?? []
    this.retryAfterSeconds = facts.retryAfterSeconds
  }
}

/** Creates an error of the client itself, with a sentence that says what exactly is wrong. It must not quote input. */
export function localError(reason: LocalReason, about: string): FlexError {
  return new FlexError(reason, { message: `${LOCAL_REASONS[reason]}: ${about}` })
}

function messageOf(reason: string): string {
  const known: Readonly<Record<string, string>> = LOCAL_REASONS
  return (Object.hasOwn(known, reason) ? known[reason] : undefined) ?? reason
}

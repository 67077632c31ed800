/** What a fault of each kind is told beyond its kind. */
export interface FaultKind {
  readonly kind: string
  readonly meaning: string
  /** The members that the control API wants with it. */
  readonly wants: readonly ('code' | 'milliseconds' | 'seconds')[]
}

/** The kinds of faults, as docs/dev-api.md lists them. */
export const FAULT_KINDS: readonly FaultKind[] = [
  { kind: 'unavailable', meaning: '503: no key, or no store', wants: [] },
  { kind: 'latency', meaning: 'the answer takes longer', wants: ['milliseconds'] },
  { kind: 'reset', meaning: 'the connection is reset', wants: [] },
  { kind: 'cut-off', meaning: 'half of the body, then the end', wants: [] },
  { kind: 'wrong-kid', meaning: 'the JWT names a kid that nobody publishes', wants: [] },
  { kind: 'wrong-signature', meaning: 'the signature of the JWT does not verify', wants: [] },
  { kind: 'expired-context', meaning: 'what is issued has expired', wants: [] },
  { kind: 'clock-skew', meaning: 'the clock of the service is off', wants: ['seconds'] },
  { kind: 'quota', meaning: 'the quota is used up', wants: [] },
  { kind: 'error', meaning: 'any error of the catalogue', wants: ['code'] },
]

/** Errors to choose from; any other code of docs/errors.md can be written. */
export const COMMON_CODES: readonly string[] = [
  'AUTHENTICATION_FAILED',
  'DECRYPTION_ERROR',
  'INTERNAL_ERROR',
  'KEY_POOL_EMPTY',
  'QUOTA_EXCEEDED',
  'RATE_LIMITED',
  'SESSION_KEY_NOT_FOUND',
  'STORE_UNAVAILABLE',
]

/** Operations to choose from. */
export const OPERATIONS: readonly string[] = [
  'generateFlexAPICaptureContext',
  'createTransientToken',
  'getPaymentDetailsByJti',
  'getPaymentDetailsByToken',
  'getPublicKey',
  'createPayment',
]

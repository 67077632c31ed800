/** What a fault of each kind is told beyond its kind. */
export interface FaultKind {
  readonly kind: string
  readonly meaning: string
  /** Where it can be met; the first is the default, but for errors of which each has its own. */
  readonly stages: readonly string[]
  /** The members that the control API wants with it. */
  readonly wants: readonly ('code' | 'milliseconds' | 'seconds')[]
}

/** Where a fault can be met, in the order in which a request comes by. */
const STAGES = ['authenticate', 'key-pool', 'decrypt', 'store', 'sign', 'reply'] as const

/** The kinds of faults, as docs/dev-api.md lists them. */
export const FAULT_KINDS: readonly FaultKind[] = [
  {
    kind: 'unavailable',
    meaning: '503: no store, or no key',
    stages: ['store', 'key-pool'],
    wants: [],
  },
  {
    kind: 'latency',
    meaning: 'the answer takes longer',
    stages: ['reply', 'authenticate', 'key-pool', 'decrypt', 'store', 'sign'],
    wants: ['milliseconds'],
  },
  { kind: 'reset', meaning: 'the connection is reset', stages: ['reply'], wants: [] },
  { kind: 'cut-off', meaning: 'half of the body, then the end', stages: ['reply'], wants: [] },
  {
    kind: 'wrong-kid',
    meaning: 'the JWT names a kid that nobody publishes',
    stages: ['sign'],
    wants: [],
  },
  {
    kind: 'wrong-signature',
    meaning: 'the signature of the JWT does not verify',
    stages: ['sign'],
    wants: [],
  },
  { kind: 'expired-context', meaning: 'what is issued has expired', stages: ['sign'], wants: [] },
  {
    kind: 'clock-skew',
    meaning: 'the clock of the service is off',
    stages: ['authenticate', 'sign'],
    wants: ['seconds'],
  },
  { kind: 'quota', meaning: 'the quota is used up', stages: ['decrypt'], wants: [] },
  { kind: 'error', meaning: 'any error of the catalogue', stages: STAGES, wants: ['code'] },
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

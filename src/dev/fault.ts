import { ERRORS, type Detail, type ErrorCode } from '../errors.ts'

/** Where a fault can be met, in the order in which a request comes by. */
export const STAGES = ['authenticate', 'key-pool', 'decrypt', 'store', 'sign', 'reply'] as const

/** The name of a stage. */
export type Stage = (typeof STAGES)[number]

/** What a fault may say beside its kind. */
export type FaultParameter = 'code' | 'reason' | 'details' | 'milliseconds' | 'seconds'

interface KindEntry {
  /** Where it can be met; the first is the default. */
  readonly stages: readonly Stage[]
  readonly required: readonly FaultParameter[]
  readonly optional: readonly FaultParameter[]
  readonly meaning: string
}

/** Every kind of fault. */
export const FAULT_KINDS = {
  error: {
    stages: STAGES,
    required: ['code'],
    optional: ['reason', 'details'],
    meaning: 'the error with its documented status, reason and message',
  },
  latency: {
    stages: ['reply', 'authenticate', 'key-pool', 'decrypt', 'store', 'sign'],
    required: ['milliseconds'],
    optional: [],
    meaning: 'the stage takes longer',
  },
  reset: {
    stages: ['reply'],
    required: [],
    optional: [],
    meaning: 'the connection is reset instead of an answer',
  },
  'cut-off': {
    stages: ['reply'],
    required: [],
    optional: [],
    meaning: 'half of the body is sent, then the connection ends',
  },
  'wrong-kid': {
    stages: ['sign'],
    required: [],
    optional: [],
    meaning: 'the JWT names a kid that nobody publishes',
  },
  'wrong-signature': {
    stages: ['sign'],
    required: [],
    optional: [],
    meaning: 'the signature of the JWT does not verify',
  },
  'expired-context': {
    stages: ['sign'],
    required: [],
    optional: [],
    meaning: 'the capture context, at tokens the transient token, has expired when it is issued',
  },
  'clock-skew': {
    stages: ['authenticate', 'sign'],
    required: ['seconds'],
    optional: [],
    meaning: 'the clock of the service is off, for checking the signature or for issuing',
  },
  quota: {
    stages: ['decrypt'],
    required: [],
    optional: [],
    meaning: 'short for `error` with `QUOTA_EXCEEDED`',
  },
  unavailable: {
    stages: ['store', 'key-pool'],
    required: [],
    optional: [],
    meaning: 'short for `error` with `STORE_UNAVAILABLE` or `KEY_POOL_EMPTY` (503)',
  },
} as const satisfies Record<string, KindEntry>

/** The name of a kind of fault. */
export type FaultKind = keyof typeof FAULT_KINDS

/** Tells whether text is the name of a kind of fault. */
export function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(FAULT_KINDS, text)
}

/** Returns what is known of a kind. */
export function kindEntry(kind: FaultKind): KindEntry {
  return FAULT_KINDS[kind]
}

// Where each error happens by itself; what happens before there is a request to speak of is put in the place of the reply.
const STAGE_OF_CODE: Readonly<Partial<Record<ErrorCode, Stage>>> = {
  AUTHENTICATION_FAILED: 'authenticate',
  HEADERS_MISSING: 'authenticate',
  MLE_REQUEST_REFUSED: 'authenticate',
  MLE_RESPONSE_REFUSED: 'authenticate',
  RATE_LIMITED: 'key-pool',
  KEY_POOL_EMPTY: 'key-pool',
  SESSION_KEY_NOT_FOUND: 'decrypt',
  DECRYPTION_ERROR: 'decrypt',
  QUOTA_EXCEEDED: 'decrypt',
  STORE_UNAVAILABLE: 'store',
}

/** Returns the stage at which an error is met unless another is named. */
export function stageOfCode(code: ErrorCode): Stage {
  return STAGE_OF_CODE[code] ?? 'reply'
}

/** Tells whether text is the code of an error. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text)
}

/** Which requests a fault is for; all that is given must agree. */
export interface FaultMatch {
  readonly method?: string
  /** A path without query; a segment `*` stands for any one. */
  readonly path?: string
  readonly merchant?: string
  /** The name of an operation, as in the OpenAPI document. */
  readonly operation?: string
}

/** What is known of a fault when it is set. */
export interface FaultSettings {
  readonly kind: FaultKind
  readonly stage: Stage
  readonly code?: ErrorCode
  readonly reason?: string
  readonly details?: readonly Detail[]
  readonly milliseconds?: number
  readonly seconds?: number
  readonly match: FaultMatch
  readonly times: number | 'always'
  readonly probability: number
}

/** A fault that is set, and what has come of it. */
export interface Fault extends FaultSettings {
  readonly id: string
  /** How many requests will still meet it. */
  readonly left: number | 'always'
  /** How many requests have met it. */
  readonly hits: number
  /** What it does, in words. */
  readonly description: string
}

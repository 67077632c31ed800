/** Who can act on an error: the person to whom its fix is addressed. */
export type Actor = 'shopper' | 'merchant' | 'operator' | 'service'

/** How an error is written on the wire: the gateway's own body, or that of the Flex family. */
type Family = 'gateway' | 'flex'

interface ErrorEntry {
  readonly status: number
  readonly family: Family
  /** The wire's `reason`; the gateway's bodies carry none. */
  readonly reason: string
  readonly actor: Actor
  /** The public text, exactly as sent unless the thrower adds what it names (a key id, header names). */
  readonly message: string
  readonly cause: string
  readonly fix: string
}

/**
 * Every error that Coatcheck answers with, once. Replies, `docs/errors.md` and the OpenAPI document are made from it.
 *
 * Message texts that official clients match on are those of the Flex API v2 wire.
 */
export const ERRORS = {
  AUTHENTICATION_FAILED: {
    status: 401,
    family: 'gateway',
    reason: '',
    actor: 'merchant',
    message: 'Authentication Failed',
    cause:
      'The signature, the key id, the digest, the time or the merchant of the request is wrong.',
    fix: 'Look the correlation id up in the log: it names the cause and both strings to sign. In dev mode the reply says it too, in `coatcheck`.',
  },
  HEADERS_MISSING: {
    status: 401,
    family: 'gateway',
    reason: '',
    actor: 'merchant',
    message: 'missing http required header : ',
    cause: 'The request carries neither a complete HTTP Signature nor a bearer JWT.',
    fix: 'Send the headers that the message lists, or `Authorization: Bearer` with a JWT.',
  },
  JWT_V2_REQUIRED: {
    status: 403,
    family: 'gateway',
    reason: '',
    actor: 'merchant',
    message: 'This operation accepts bearer JWTs of version 2 only',
    cause:
      'The request was signed by HTTP Signature or by a JWT of version 1, which can be replayed; a card is released to neither.',
    fix: 'Sign with a JWT of version 2: with official clients, `authenticationType: jwt` in a version that has it (see compatibility).',
  },
  RELEASE_NOT_ALLOWED: {
    status: 403,
    family: 'gateway',
    reason: '',
    actor: 'operator',
    message: 'Cards are not released to this merchant',
    cause:
      'The record of the merchant does not entitle it to cards, or has no release certificate that is good now.',
    fix: 'The operator sets both: `coatcheck merchants set <id> --entitled yes --release-certificate <file>`.',
  },
  RESOURCE_NOT_FOUND: {
    status: 404,
    family: 'gateway',
    reason: '',
    actor: 'merchant',
    message: 'Resource not found',
    cause: 'No operation has this path.',
    fix: 'Compare the path with /openapi.json; paths are never normalised or redirected.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    family: 'gateway',
    reason: '',
    actor: 'merchant',
    message: 'Method not allowed',
    cause: 'The path exists, but not with this method.',
    fix: 'Use a method that the `Allow` header lists.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    family: 'gateway',
    reason: '',
    actor: 'merchant',
    message: 'Request timed out',
    cause: 'The request was not received whole in time.',
    fix: 'Send headers and body without pauses.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    family: 'gateway',
    reason: '',
    actor: 'merchant',
    message: 'Request body is larger than 64 KiB',
    cause: 'No operation needs a larger body.',
    fix: 'Send only the documented members.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    family: 'gateway',
    reason: '',
    actor: 'merchant',
    message: 'Request headers are too large',
    cause: 'The header section is larger than 16 KiB.',
    fix: 'Send only the documented headers.',
  },
  REQUEST_MALFORMED: {
    status: 400,
    family: 'gateway',
    reason: '',
    actor: 'merchant',
    message: 'Malformed request',
    cause:
      'The bytes received are not an HTTP request that can be read; or it has no Host, or two; or it is a GET or HEAD with a body.',
    fix: 'Check the client or the proxy in between.',
  },
  RATE_LIMITED: {
    status: 429,
    family: 'flex',
    reason: 'RATE_LIMITED',
    actor: 'merchant',
    message: 'Too many sessions are waiting for this merchant',
    cause: 'Session keys are scarce and this merchant has taken its fair share of them.',
    fix: 'Wait for the seconds in `Retry-After`; for sustained rates let the operator set `rotated` session keys.',
  },
  BODY_NOT_JSON: {
    status: 400,
    family: 'flex',
    reason: 'VALIDATION_ERROR',
    actor: 'merchant',
    message: 'Cannot parse the POST body',
    cause: 'The body is not a JSON object in UTF-8.',
    fix: 'Send a JSON object, or at /flex/v2/tokens the bare JWE as application/jwt.',
  },
  VALIDATION_FAILED: {
    status: 400,
    family: 'flex',
    reason: 'VALIDATION_ERROR',
    actor: 'merchant',
    message: 'One or more validation errors occurred',
    cause:
      'Fields are missing, unknown or have values that are not allowed; `details` names each of them.',
    fix: 'Correct every field that `details` lists: all faults of a request are reported at once.',
  },
  CARD_DATA_INVALID: {
    status: 400,
    family: 'flex',
    reason: 'VALIDATION_ERROR',
    actor: 'shopper',
    message: 'One or more validation errors occurred',
    cause:
      'Captured values are missing, undeclared or not valid; `details` names each of them as `captureData.…`.',
    fix: 'Let the shopper correct the fields that `details` lists.',
  },
  NO_DATA: {
    status: 400,
    family: 'flex',
    reason: 'VALIDATION_ERROR',
    actor: 'shopper',
    message: 'At least one non-empty field must be supplied for tokenization',
    cause: 'Every field is absent or empty.',
    fix: 'Put at least one declared field into `data`.',
  },
  JWE_MALFORMED: {
    status: 400,
    family: 'flex',
    reason: 'VALIDATION_ERROR',
    actor: 'merchant',
    message: 'Invalid JWE format',
    cause:
      'The body is not a compact JWE with `RSA-OAEP` or `RSA-OAEP-256`, `A256GCM` and a `kid`.',
    fix: 'Encrypt to `flx.jwk` of the capture context and send the five base64url parts.',
  },
  SESSION_KEY_NOT_FOUND: {
    status: 400,
    family: 'flex',
    reason: 'VALIDATION_ERROR',
    actor: 'merchant',
    message: 'Cannot find private RSA key with keyId',
    cause: 'The session has expired, or its key was never issued here.',
    fix: 'Open a new session: a capture context is good for 15 minutes, on the service that issued it.',
  },
  DECRYPTION_ERROR: {
    status: 400,
    family: 'flex',
    reason: 'DECRYPTION_ERROR',
    actor: 'merchant',
    message: 'The JWE could not be decrypted',
    cause:
      'The JWE was not made for this session key, was changed, or does not hold a JSON object. The reply never says which (RFC 7516 §11.5).',
    fix: 'Encrypt `{"data","context","index"}` as JSON to `flx.jwk` of the same capture context.',
  },
  QUOTA_EXCEEDED: {
    status: 400,
    family: 'flex',
    reason: 'RESOURCE_QUOTA_EXCEEDED',
    actor: 'merchant',
    message: 'The capture context has been used too many times',
    cause: 'The session has given all the tokens, or seen all the attempts, that it may.',
    fix: 'Open a new session for each payment.',
  },
  MLE_REQUEST_REFUSED: {
    status: 400,
    family: 'flex',
    reason: 'DECRYPTION_ERROR',
    actor: 'merchant',
    message: 'The encrypted request cannot be used',
    cause:
      'The JWE in `encryptedRequest` is not one for this service; `details` says what does not match.',
    fix: 'Encrypt to the certificate that `coatcheck keys certificate` writes, and authenticate by JWT.',
  },
  MLE_RESPONSE_REFUSED: {
    status: 400,
    family: 'flex',
    reason: 'VALIDATION_ERROR',
    actor: 'merchant',
    message: 'The reply cannot be encrypted as asked',
    cause: 'The claim `v-c-response-mle-kid` names no good certificate of this merchant.',
    fix: 'Register it with `coatcheck credentials add <merchant> --mle-certificate <file>`, or leave the claim out.',
  },
  PUBLIC_KEY_NOT_FOUND: {
    status: 404,
    family: 'flex',
    reason: 'NOT_FOUND',
    actor: 'merchant',
    message: 'No such public key',
    cause: 'No signing key with this kid is published here.',
    fix: 'Use the `kid` of the capture context’s header, at the service that issued it.',
  },
  TOKEN_NOT_FOUND: {
    status: 404,
    family: 'flex',
    reason: 'NOT_FOUND',
    actor: 'merchant',
    message: 'No such transient token',
    cause:
      'The token is unknown, has expired, was used as often as it may be, or belongs to another merchant: the reply never says which.',
    fix: 'Use the token within 15 minutes, as the merchant that opened its session.',
  },
  KEY_POOL_EMPTY: {
    status: 503,
    family: 'flex',
    reason: 'SERVICE_UNAVAILABLE',
    actor: 'operator',
    message: 'No session key is ready, try again',
    cause:
      'Sessions are opened faster than session keys can be minted (some 20 to 30 a second and core).',
    fix: 'Wait for the seconds in `Retry-After`; for sustained rates set `rotated` session keys for the merchant, or add cores.',
  },
  STORE_UNAVAILABLE: {
    status: 503,
    family: 'flex',
    reason: 'SERVICE_UNAVAILABLE',
    actor: 'operator',
    message: 'The store is not available, try again',
    cause: 'A write or read of the store failed; nothing was acknowledged.',
    fix: 'Look at the log under the correlation id; check the database, or disk space and permissions of the data folder.',
  },
  HSM_UNAVAILABLE: {
    status: 503,
    family: 'flex',
    reason: 'SERVICE_UNAVAILABLE',
    actor: 'operator',
    message: 'The signing key is not available, try again',
    cause: 'The HSM that holds the signing key does not answer; nothing else signs in its place.',
    fix: 'Look at the log under the correlation id; check the HSM and the network to it. Service is back within a second of it.',
  },
  INTERNAL_ERROR: {
    status: 500,
    family: 'flex',
    reason: 'INTERNAL_ERROR',
    actor: 'service',
    message: 'An internal error occurred',
    cause: 'A fault of the service itself.',
    fix: 'Report it with the correlation id.',
  },
} as const satisfies Record<string, ErrorEntry>

/** The closed set of error codes: keys of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS

/** One fault of a request: where it is (a dotted path) and what is wrong with it. Never holds the value itself. */
export interface Detail {
  readonly location: string
  readonly message: string
}

interface ServiceErrorOptions {
  /** Public: added behind the table's message, such as a key id or header names. Must not hold other input. */
  readonly about?: string
  /** Public: every fault found. Default is none. */
  readonly details?: readonly Detail[]
  /** Public: seconds for `Retry-After`. Default is no such header. */
  readonly retryAfterSeconds?: number
  /** Private: the precise reason for the log, and for the reply in dev mode only. Must not hold card data or secrets. */
  readonly explanation?: Readonly<Record<string, unknown>>
  /** Private: what was thrown underneath, for the log. Never an error that quotes decrypted text. */
  readonly cause?: unknown
}

/** The only error that reaches a caller. Switch on `code`; everything public about it comes from {@link ERRORS}. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly status: number
  readonly details: readonly Detail[]
  readonly retryAfterSeconds: number | undefined
  readonly explanation: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, options: ServiceErrorOptions = {}) {
    const about = options.about === undefined ? '' : options.about
    super(ERRORS[code].message + about, { cause: options.cause })
    this.code = code
    this.status = ERRORS[code].status
    this.details = options.details ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
    this.explanation = options.explanation
  }

  /** Who can act on this error. */
  get actor(): Actor {
    return ERRORS[this.code].actor
  }
}

/**
 * A problem that only the operator can solve, at start or in the CLI: one sentence that says what is wrong, one that says
 * how to mend it. Printed without a stack; the process exits with 1.
 */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError'
  readonly problem: string
  readonly fix: string

  constructor(problem: string, fix: string, cause?: unknown) {
    super(`${problem} ${fix}`, { cause })
    this.problem = problem
    this.fix = fix
  }
}

/** A mistake in how a command was called; the process exits with 2. */
export class UsageError extends OperatorError {
  override readonly name = 'UsageError'
}

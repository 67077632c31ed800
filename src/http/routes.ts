import type { ErrorCode } from '../errors.ts'
import type { Merchant } from '../merchant/merchant.ts'
import type { PaymentDetails } from '../protocol/payment-details.ts'
import type { Call } from './call.ts'
import { readJwe } from './read-jwe.ts'
import { replyDigestedJwt, replyJson, replyJwt, replyReadJwt, type Reply } from './reply.ts'
import { COMPACT, JWKS, JWK, PAYMENT_DETAILS, SESSION_REQUEST, WRAPPED_JWE } from './schemas.ts'

/** The actions that routes lead to, their needs already given. */
export interface Operations {
  createSession(merchant: Merchant, call: Call): Promise<string>
  createToken(compact: string, correlationId: string): Promise<string>
  getPaymentDetails(
    merchant: Merchant,
    reference: string,
    correlationId: string,
  ): Promise<PaymentDetails>
  getPaymentCredentials(merchant: Merchant, call: Call): Promise<string>
  getPublicKey(kid: string): Promise<object>
  getJwks(): Promise<object>
}

interface RouteDescription {
  readonly method: 'GET' | 'POST'
  /** Fastify's notation. */
  readonly path: string
  /** The operation's name in the OpenAPI document. */
  readonly name: string
  readonly summary: string
  /** Media types and schemas of the request's body. */
  readonly body?: Readonly<Record<string, object>>
  readonly success: { readonly status: number; readonly type: string; readonly schema: object }
  readonly errors: readonly ErrorCode[]
  /** Schemas of error bodies that are not of the table of errors, by status. Default is none. */
  readonly furtherErrors?: Readonly<Record<number, object>>
  /**
   * Whether it hands out what cannot be taken back: by a JWT of version 2 only, which is good for one request, and never
   * for a HEAD, whose answer has no body. Default is no.
   */
  readonly releases?: true
  /** Whether pages of the allowed origins may call it. Default is no. */
  readonly cors?: true
}

/** One route: who may call it, and what it leads to. */
export type Route = RouteDescription &
  (
    | {
        readonly caller: 'merchant'
        run(operations: Operations, merchant: Merchant, call: Call): Promise<Reply>
      }
    | { readonly caller: 'anyone'; run(operations: Operations, call: Call): Promise<Reply> }
  )

/** A route without what it leads to. */
export type DescribedRoute = RouteDescription & Pick<Route, 'caller'>

/** What every operation of merchants can be refused for. */
export const MERCHANT_ERRORS = [
  'AUTHENTICATION_FAILED',
  'HEADERS_MISSING',
  'STORE_UNAVAILABLE',
  'MLE_REQUEST_REFUSED',
  'MLE_RESPONSE_REFUSED',
] as const
const BODY_ERRORS = ['BODY_NOT_JSON', 'VALIDATION_FAILED', 'BODY_TOO_LARGE'] as const
/** How long others may cache public keys. */
export const PUBLIC_KEYS_CACHE_SECONDS = 3600

const PUBLIC_KEYS_CACHE = { 'cache-control': `public, max-age=${PUBLIC_KEYS_CACHE_SECONDS}` }

/** Every public route. */
export const ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/flex/v2/sessions',
    name: 'generateFlexAPICaptureContext',
    summary: 'Establish a payment session with a capture context',
    caller: 'merchant',
    body: { 'application/json': SESSION_REQUEST },
    success: { status: 201, type: 'application/jwt', schema: COMPACT },
    errors: [
      ...MERCHANT_ERRORS,
      ...BODY_ERRORS,
      'RATE_LIMITED',
      'KEY_POOL_EMPTY',
      'HSM_UNAVAILABLE',
    ],
    run: async (operations, merchant, call) =>
      replyJwt(await operations.createSession(merchant, call)),
  },
  {
    method: 'POST',
    path: '/flex/v2/tokens',
    name: 'createTransientToken',
    summary: 'Exchange encrypted card data for a transient token',
    caller: 'anyone',
    cors: true,
    body: { 'application/jwt': COMPACT, 'application/json': WRAPPED_JWE },
    success: { status: 201, type: 'application/jwt', schema: COMPACT },
    errors: [
      ...BODY_ERRORS,
      'CARD_DATA_INVALID',
      'NO_DATA',
      'JWE_MALFORMED',
      'SESSION_KEY_NOT_FOUND',
      'DECRYPTION_ERROR',
      'QUOTA_EXCEEDED',
      'STORE_UNAVAILABLE',
    ],
    run: async (operations, call) =>
      replyDigestedJwt(await operations.createToken(readJwe(call), call.correlationId)),
  },
  {
    method: 'GET',
    path: '/flex/v2/payment-details/:jti',
    name: 'getPaymentDetailsByJti',
    summary: 'Read back what was captured, masked',
    caller: 'merchant',
    success: { status: 200, type: 'application/json', schema: PAYMENT_DETAILS },
    errors: [...MERCHANT_ERRORS, 'TOKEN_NOT_FOUND'],
    run: readDetails,
  },
  {
    method: 'GET',
    path: '/up/v1/payment-details/:transientToken',
    name: 'getPaymentDetailsByToken',
    summary: 'Read back what was captured, masked, by the whole transient token',
    caller: 'merchant',
    success: { status: 200, type: 'application/json', schema: PAYMENT_DETAILS },
    errors: [...MERCHANT_ERRORS, 'TOKEN_NOT_FOUND'],
    run: readDetails,
  },
  {
    method: 'GET',
    path: '/flex/v2/payment-credentials/:reference',
    name: 'getPaymentCredentials',
    summary: 'Release a card to the entitled merchant that owns it, encrypted to its certificate',
    caller: 'merchant',
    releases: true,
    success: { status: 200, type: 'application/jwt', schema: COMPACT },
    errors: [
      ...MERCHANT_ERRORS,
      'JWT_V2_REQUIRED',
      'RELEASE_NOT_ALLOWED',
      'TOKEN_NOT_FOUND',
      'HSM_UNAVAILABLE',
    ],
    run: async (operations, merchant, call) =>
      replyReadJwt(await operations.getPaymentCredentials(merchant, call)),
  },
  {
    method: 'GET',
    path: '/flex/v2/public-keys/:kid',
    name: 'getPublicKey',
    summary: 'Get the public half of a signing key',
    caller: 'anyone',
    cors: true,
    success: { status: 200, type: 'application/json', schema: JWK },
    errors: ['PUBLIC_KEY_NOT_FOUND'],
    run: async (operations, call) =>
      replyJson(await operations.getPublicKey(call.parameter), PUBLIC_KEYS_CACHE),
  },
  {
    method: 'GET',
    path: '/.well-known/jwks.json',
    name: 'getJwks',
    summary: 'Get the public halves of all signing keys',
    caller: 'anyone',
    cors: true,
    success: { status: 200, type: 'application/json', schema: JWKS },
    errors: [],
    run: async (operations) => replyJson(await operations.getJwks(), PUBLIC_KEYS_CACHE),
  },
]

async function readDetails(operations: Operations, merchant: Merchant, call: Call): Promise<Reply> {
  const { parameter, correlationId } = call
  return replyJson(await operations.getPaymentDetails(merchant, parameter, correlationId))
}

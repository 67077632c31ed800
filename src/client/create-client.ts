import { signByHttpSignature } from './by-http-signature.ts'
import { signByJwt } from './by-jwt.ts'
import { callAsMerchant, type CallOptions, type Merchant } from './call-as-merchant.ts'
import type { CaptureContextRequest } from './capture-context-request.ts'
import { checkHeaderText, keepSecret, type Authentication } from './credentials.ts'
import { localError } from './flex-error.ts'
import { generateCaptureContext } from './generate-capture-context.ts'
import {
  getPaymentCredentials,
  type PaymentCredentials,
  type PaymentCredentialsOptions,
} from './get-payment-credentials.ts'
import { getPaymentDetails, type PaymentDetails } from './get-payment-details.ts'
import { parseOrigin } from './origin.ts'
import { checkTimeout, type Transport } from './send.ts'
import type { SignRequest } from './sign-request.ts'
import { systemTime } from './system.ts'

/** Which service to talk to, and as whom. */
export interface ClientOptions extends Omit<Transport, 'signal'> {
  /**
   * Where the service is: an origin without a path, such as `https://api.example.com` or `http://127.0.0.1:4010`. Plain
   * http sends transient tokens in the clear: off loopback and private networks, use https.
   */
  readonly url: string
  readonly merchantId: string
  /** The id of the shared secret. */
  readonly keyId: string
  /**
   * The shared secret, standard base64. Kept as a non-extractable key that printing or serialising the client never
   * shows. It belongs on servers: whoever has it acts as the merchant.
   */
  readonly secret: string
  /**
   * How requests are authenticated. Default is `jwt`: version 2 with HS256, bound to one request and safe from replay.
   * `http_signature` is for hosts that know nothing newer; a request signed so can be replayed for minutes.
   */
  readonly authentication?: Authentication
  /**
   * The host that is signed: `request-host` of a JWT, `host` of an HTTP Signature. Default is that of `url`.
   *
   * No runtime's `fetch` lets a caller set the `Host` header, and an HTTP Signature holds only if the service receives
   * the `Host` that was signed: with `http_signature`, set this only where a proxy in between rewrites the header to it.
   */
  readonly host?: string
  /** Tells the time that is signed. Default is the machine's clock. */
  readonly now?: () => Date
}

/** The operations of one merchant at one service. Its functions need no `this` and can be passed around. */
export interface Client {
  /**
   * Opens a session and returns its capture context, a bare JWT that is good for 15 minutes. Not yet verified
   * (`verifyCaptureContext`).
   *
   * @throws FlexError with the service's reason, such as `VALIDATION_ERROR` with one detail per field at fault, or those
   * of the transport.
   */
  readonly generateFlexAPICaptureContext: (
    request: CaptureContextRequest,
    options?: CallOptions,
  ) => Promise<string>
  /**
   * Reads back what a transient token stands for: plain values, the number masked, never the security code.
   *
   * @param token - the token's `jti`, or the whole JWT. It is not verified here; the service decides.
   * @throws FlexError `TRANSIENT_TOKEN_INVALID` when `token` is neither, `NOT_FOUND` when it is unknown, expired or another
   * merchant's, with the service's reason, or those of the transport.
   */
  readonly getPaymentDetails: (token: string, options?: CallOptions) => Promise<PaymentDetails>
  /**
   * Reads the card behind a transient token, in clear, for merchants that are entitled to it. The reply is decrypted with the
   * key of the merchant's release certificate, and its signature verified with the service's published key.
   *
   * The security code is in the first reply only; a reply that is lost takes it along. Needs the authentication `jwt`.
   *
   * @param reference - the token's `jti`.
   * @throws FlexError `OPTIONS_INVALID` or `TRANSIENT_TOKEN_INVALID` before anything is sent, `NOT_FOUND` when the token is
   * unknown, expired or another merchant's, `DECRYPTION_FAILED`, `CREDENTIALS_INVALID`, with the service's reason (status 403
   * without entitlement, or by another authentication), or those of the transport.
   */
  readonly getPaymentCredentials: (
    reference: string,
    options: PaymentCredentialsOptions,
  ) => Promise<PaymentCredentials>
}

/**
 * Creates a client. Nothing is sent before the first call.
 *
 * @throws FlexError `OPTIONS_INVALID` that names the option; its value is never quoted.
 */
export function createClient(options: ClientOptions): Client {
  const merchant = readOptions(options)
  return {
    async generateFlexAPICaptureContext(request, callOptions = {}) {
      return generateCaptureContext(callAsMerchant(merchant, callOptions), request)
    },
    async getPaymentDetails(token, callOptions = {}) {
      return getPaymentDetails(callAsMerchant(merchant, callOptions), token)
    },
    async getPaymentCredentials(reference, { privateKey, ...callOptions }) {
      const { origin, transport, now } = merchant
      const judging = { origin, transport, now: now() }
      const call = callAsMerchant(merchant, callOptions)
      return getPaymentCredentials(call, reference, { ...callOptions, privateKey, ...judging })
    },
  }
}

/** How a request is signed, by the way of authentication. */
const SIGNERS: Readonly<Record<Authentication, SignRequest>> = {
  jwt: signByJwt,
  http_signature: signByHttpSignature,
}

function readOptions(options: ClientOptions): Merchant {
  const origin = parseOrigin(options.url)
  if (origin === undefined) {
    throw localError('OPTIONS_INVALID', 'url must be an http or https origin, without a path.')
  }
  const authentication = options.authentication ?? 'jwt'
  if (!Object.hasOwn(SIGNERS, authentication)) {
    throw localError('OPTIONS_INVALID', 'authentication must be jwt or http_signature.')
  }
  return {
    origin,
    host: checkHeaderText('host', options.host ?? new URL(origin).host),
    credentials: {
      merchantId: checkHeaderText('merchantId', options.merchantId),
      keyId: checkHeaderText('keyId', options.keyId),
      key: keepSecret(options.secret),
    },
    sign: SIGNERS[authentication],
    transport: {
      ...(options.fetch === undefined ? {} : { fetch: options.fetch }),
      timeoutSeconds: checkTimeout(options.timeoutSeconds),
    },
    now: options.now ?? systemTime,
  }
}

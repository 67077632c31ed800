import { ServiceError, type ErrorCode } from '../errors.ts'

/** Every reason for which message-level encryption fails, in a sentence. Public, in `details`: none holds what was sent. */
export const MLE_REFUSALS = {
  MLE_WITHOUT_JWT:
    'An encrypted request must be authenticated by JWT: with an HTTP Signature, send it plain.',
  MLE_NOT_ALONE: 'encryptedRequest must be text, and the only member of the body.',
  MLE_NOT_A_JWE: 'encryptedRequest is not a compact JWE with a kid, for a key of 2048 bits.',
  MLE_OTHER_ALGORITHM: 'The JWE must have alg RSA-OAEP-256 and enc A256GCM, without zip and crit.',
  MLE_UNKNOWN_KEY:
    'The kid of the JWE is not that of a key of this service: encrypt to the certificate of this service.',
  MLE_TIME:
    'The header of the JWE must have iat, in seconds, not far from the time of the service.',
  MLE_NOT_DECRYPTED:
    'The JWE cannot be decrypted: it was changed, or made for another key than its kid names.',
  MLE_NO_RESPONSE_KEY: 'No certificate of the merchant has this kid: register it first.',
  MLE_RESPONSE_KEY_REVOKED: 'The certificate of this kid was revoked.',
  MLE_RESPONSE_KEY_EXPIRED: 'The certificate of this kid has expired.',
} as const

/** A reason, as logs and dev mode name it. */
export type MleRefusalReason = keyof typeof MLE_REFUSALS

const LOCATIONS = {
  MLE_REQUEST_REFUSED: 'encryptedRequest',
  MLE_RESPONSE_REFUSED: 'v-c-response-mle-kid',
} as const satisfies Partial<Record<ErrorCode, string>>

/** Makes the refusal of a request, or of the wish for an encrypted reply. */
export function refuseMle(
  code: keyof typeof LOCATIONS,
  reason: MleRefusalReason,
  circumstances: Readonly<Record<string, unknown>> = {},
): ServiceError {
  const message = MLE_REFUSALS[reason]
  const details = [{ location: LOCATIONS[code], message }]
  return new ServiceError(code, { details, explanation: { reason, message, ...circumstances } })
}

const KID = /^[\w.-]{1,64}$/

/** A kid as explanations show it: not when it is something else that came into its place. */
export function showKid(kid: string): string {
  return KID.test(kid) ? kid : '(unreadable)'
}

import { ServiceError } from '../errors.ts'

/** Every reason for which a merchant's request is refused, in a sentence that says what and how to mend it. Public in dev mode, in the log always. */
export const REFUSALS = {
  NO_CREDENTIALS:
    'The request carries neither an HTTP Signature nor a bearer JWT: sign it with one of them.',
  SIGNATURE_HEADER_UNREADABLE:
    'The signature header cannot be read: write keyid, algorithm, headers and signature as name="value", with commas between them.',
  UNKNOWN_KEY_ID:
    'No credential has this key id: take the one that was printed with the credential; "coatcheck credentials list" shows all.',
  UNKNOWN_CERTIFICATE:
    'No credential is the certificate in x5c: register it with "coatcheck credentials add <merchant> --certificate <file>".',
  CREDENTIAL_REVOKED:
    'The credential of this key id was revoked: sign with a live one, or add one with "coatcheck credentials add <merchant>".',
  MERCHANT_DISABLED:
    'The merchant is disabled: "coatcheck merchants enable <id>" lets it in again.',
  CERTIFICATE_EXPIRED:
    'The certificate of this key id has expired: replace it with "coatcheck credentials rotate <merchant>".',
  NOT_FOR_THIS_CREDENTIAL:
    'The credential of this key id is not of the kind that this scheme needs: an HTTP Signature takes a shared secret, a certificate signs JWTs.',
  JWT_V1_NOT_ALLOWED:
    'The bearer token is of version 1, which this credential is not allowed: update the client, or add a credential with --allow-jwt-v1.',
  ALGORITHM_NOT_ALLOWED:
    'The algorithm is not one that this credential allows: use one of those that are named.',
  NOT_COVERED:
    'Components that must be signed are not in the list of signed ones: add those that are named.',
  HEADER_MISSING: 'A signed header was not sent: send each that the list names.',
  HEADER_REPEATED: 'A signed header was sent more than once: send it once.',
  HEADER_MALFORMED: 'A signed header holds a line break: send it on one line.',
  DATE_UNREADABLE:
    'The signed date is not an HTTP date: write it as "Sun, 22 Nov 2026 09:05:00 GMT".',
  CLOCK_DIFFERS:
    'The time of signing is too far from the time of the service: set the clock, or the time zone, of the client.',
  DIGEST_UNREADABLE:
    'The digest is not the SHA-256 of a body: write it in base64, in the header behind "SHA-256=".',
  DIGEST_OF_ANOTHER_BODY:
    'The digest is that of another body than the one received, which was changed after signing: sign the very bytes that are sent, and let nothing on the way rewrite them.',
  WRONG_SIGNATURE:
    'The signature is not that of the string to sign under the secret, or the certificate, of this key id: mend what is named as the mistake.',
  OTHER_MERCHANT:
    "The credential belongs to another merchant than the request names: send its owner's id, or sign with a credential of that merchant.",
  TOKEN_UNREADABLE:
    'The bearer token is not a compact JWS: send "Authorization: Bearer" and the three parts of a JWT.',
  TOKEN_WITHOUT_KEY_ID:
    'The bearer token has neither a kid nor a certificate (x5c) in its header: name the key id as kid.',
  CERTIFICATE_UNREADABLE:
    'The member x5c of the bearer token does not begin with a certificate: put its DER there, in base64.',
  TOKEN_CLAIM_MISSING:
    'The bearer token lacks claims that are mandatory, or has them in another type: add those that are named.',
  TOKEN_EXPIRED: 'The bearer token has expired: make a new one for every request.',
  TOKEN_LIVES_TOO_LONG:
    'The bearer token is good for more than 300 seconds: let exp be 120 seconds after iat.',
  TOKEN_OF_OTHER_METHOD:
    'The bearer token was made for another method: request-method must be that of the request.',
  TOKEN_OF_OTHER_PATH:
    'The bearer token was made for another path: request-resource-path must be that of the request, as sent.',
  TOKEN_REPLAYED: 'The bearer token was used before: its jti must be new for every request.',
} as const

/** A reason, as logs and dev mode name it. */
export type RefusalReason = keyof typeof REFUSALS

/** What is known beyond the reason: strings to sign, first difference, clock difference, the probable mistake. */
export type Circumstances = Readonly<Record<string, unknown>>

/** Makes the refusal of a request: one public text for all, the reason kept in `explanation`. */
export function refuse(reason: RefusalReason, circumstances: Circumstances = {}): ServiceError {
  const explanation = { reason, message: REFUSALS[reason], ...circumstances }
  return new ServiceError('AUTHENTICATION_FAILED', { explanation })
}

const SECRET_FORM = /^[A-Za-z0-9+/]{43}=$/

/** Makes the refusal of a key id that no credential has. One that has the form of a secret is not repeated. */
export function refuseUnknownKey(keyId: string): ServiceError {
  if (!SECRET_FORM.test(keyId)) return refuse('UNKNOWN_KEY_ID', { keyId })
  const mistake = 'It has the form of a shared secret: key id and secret are probably swapped.'
  return refuse('UNKNOWN_KEY_ID', { mistake })
}

/** Makes the refusal of a request that lacks headers; the public text lists them. */
export function refuseMissing(headers: readonly string[]): ServiceError {
  const explanation = {
    reason: 'NO_CREDENTIALS',
    message: REFUSALS.NO_CREDENTIALS,
    missing: headers,
  }
  return new ServiceError('HEADERS_MISSING', { about: `${headers.join(',')},`, explanation })
}

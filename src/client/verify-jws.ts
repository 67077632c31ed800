import { decodeProtectedHeader } from 'jose/decode/protected_header'
import * as errors from 'jose/errors'
import { jwtVerify } from 'jose/jwt/verify'
import { isJsonObject, stringMember, type JsonObject } from '../protocol/parse.ts'
import { isCompactJwt } from './compact-jwt.ts'
import { localError, type LocalReason } from './flex-error.ts'
import type { PublicJwk } from './get-public-key.ts'

/** How far a verifier's clock may be behind or ahead before a JWT counts as expired, in seconds. */
export const CLOCK_TOLERANCE_SECONDS = 60

/** The reasons given for a JWT that fails. */
export interface Reasons {
  readonly invalid: LocalReason
  readonly expired: LocalReason
}

/**
 * Returns the `kid` of a JWT's header. Nothing is verified: it only tells which key to verify with.
 *
 * @throws FlexError `invalid` when the JWT is none, is not RS256, or names no key.
 */
export function readKid(jwt: string, reasons: Reasons): string {
  const header = decodeHeader(jwt)
  const kid = header === undefined ? undefined : stringMember(header, 'kid')
  if (kid !== undefined && header?.['alg'] === 'RS256') return kid
  throw localError(reasons.invalid, 'it is not a JWT with RS256 and a kid.')
}

function decodeHeader(jwt: string): JsonObject | undefined {
  // `jose` ignores white space in base64url, so that one signature would verify several texts.
  if (!isCompactJwt(jwt)) return undefined
  try {
    const header: unknown = decodeProtectedHeader(jwt)
    return isJsonObject(header) ? header : undefined
  } catch {
    return undefined
  }
}

/**
 * Verifies a JWT: signature (RS256 and nothing else), then `exp` with {@link CLOCK_TOLERANCE_SECONDS}, which must be there.
 * Returns its claims. An `nbf` to come and an `iat` that is no number are refused; `iss` and all others are not looked at.
 *
 * @throws FlexError `invalid` or `expired`.
 */
export async function verifyJws(
  jwt: string,
  { kty, n, e }: PublicJwk,
  { currentDate, ...reasons }: Reasons & { readonly currentDate: Date },
): Promise<JsonObject> {
  try {
    // Without `use` and `alg`: the wire says `use: "enc"` of keys that sign, and libraries would refuse them.
    const { payload } = await jwtVerify(
      jwt,
      { kty, n, e },
      {
        algorithms: ['RS256'],
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate,
      },
    )
    return payload
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw localError(reasons.expired, 'open a new session.')
    throw localError(reasons.invalid, 'the signature or a claim of its time is wrong.')
  }
}

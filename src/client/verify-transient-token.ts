import {
  numberMember,
  objectMember,
  stringMember,
  stringsMember,
  type JsonObject,
} from '../protocol/parse.ts'
import { type FieldTree, readFieldTree } from './field-tree.ts'
import { localError } from './flex-error.ts'
import { systemTime } from './system.ts'
import { VerifiedCaptureContext } from './verified-capture-context.ts'
import { readKid, verifyJws } from './verify-jws.ts'

/** What a transient token shows of one field. A field that was submitted but may not be shown has no members. */
export interface ShownField {
  /** In clear: the card's type and expiration. */
  readonly value?: string
  /** The number, all but its last four digits written as `X`. */
  readonly maskedValue?: string
  /** The first six digits of the number; eight or none, where the session asked for that. */
  readonly bin?: string
  /** The codes of the networks that the number may belong to. */
  readonly detectedCardTypes?: readonly string[]
}

/** The claims of a transient token that has been verified. */
export interface VerifiedTransientToken {
  readonly iss: string
  /** Seconds since the epoch. */
  readonly exp: number
  /** Seconds since the epoch. */
  readonly iat: number
  /** The type of the `ctx` entry that was used, such as `api-0.1.0`. */
  readonly type: string
  /** What the token is called in other requests. Whoever holds it and is its merchant may use the token. */
  readonly jti: string
  /** Which fields were submitted, masked. Absent in tokens that were issued before mid-2021. */
  readonly content?: FieldTree<ShownField>
}

const REASONS = { invalid: 'TRANSIENT_TOKEN_INVALID', expired: 'TRANSIENT_TOKEN_EXPIRED' } as const

/**
 * Verifies a transient token against the capture context that it was made for: the header's `kid` is that of the session
 * key, the signature is the session key's (RS256), `exp` with a tolerance of 60 seconds, and `type` is one of the context's.
 *
 * Not verified: whether the token has been used, and whether the context was of this shopper and order. The context must
 * be the one that the caller opened or was given first-hand, never one that arrived together with the token.
 *
 * @throws FlexError `TRANSIENT_TOKEN_INVALID`, `TRANSIENT_TOKEN_EXPIRED`, `CAPTURE_CONTEXT_INVALID` when the context is not
 * a verified one.
 */
export async function verifyTransientToken(
  jwt: string,
  captureContext: VerifiedCaptureContext,
  options: { readonly currentDate?: Date } = {},
): Promise<VerifiedTransientToken> {
  if (!VerifiedCaptureContext.is(captureContext)) {
    throw localError('CAPTURE_CONTEXT_INVALID', 'it must come from verifyCaptureContext.')
  }
  const { flx, ctx } = captureContext.claims
  if (readKid(jwt, REASONS) !== flx.jwk.kid) {
    throw localError('TRANSIENT_TOKEN_INVALID', 'it is of another session.')
  }
  const currentDate = options.currentDate ?? systemTime()
  const token = parseClaims(await verifyJws(jwt, flx.jwk, { ...REASONS, currentDate }))
  if (token === undefined) throw localError('TRANSIENT_TOKEN_INVALID', 'it lacks claims.')
  if (!ctx.some(({ type }) => type === token.type)) {
    throw localError('TRANSIENT_TOKEN_INVALID', 'its type is none of the capture context.')
  }
  return token
}

// Not `parseTransientToken` of protocol/: its file needs the table of card networks, and with it a second dependency.
function parseClaims(claims: JsonObject): VerifiedTransientToken | undefined {
  const iss = stringMember(claims, 'iss')
  const exp = numberMember(claims, 'exp')
  const iat = numberMember(claims, 'iat')
  const type = stringMember(claims, 'type')
  const jti = stringMember(claims, 'jti')
  const content = objectMember(claims, 'content')
  if (iss === undefined || exp === undefined || iat === undefined) return undefined
  if (type === undefined || jti === undefined) return undefined
  const shown = content && { content: readFieldTree(content, readShownField) }
  return { iss, exp, iat, type, jti, ...shown }
}

function readShownField(branch: JsonObject, name: string): ShownField | undefined {
  const field = objectMember(branch, name)
  if (field === undefined) return undefined
  const value = stringMember(field, 'value')
  const maskedValue = stringMember(field, 'maskedValue')
  const bin = stringMember(field, 'bin')
  const detectedCardTypes = stringsMember(field, 'detectedCardTypes')
  return {
    ...(value !== undefined && { value }),
    ...(maskedValue !== undefined && { maskedValue }),
    ...(bin !== undefined && { bin }),
    ...(detectedCardTypes && { detectedCardTypes }),
  }
}

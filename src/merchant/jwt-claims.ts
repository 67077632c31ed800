import { parseHttpDate } from '../http-signature/date.ts'
import { numberMember, stringMember, type JsonObject } from '../protocol/parse.ts'
import { refuse } from './refusals.ts'

const LONGEST_JTI = 128

/** The claims of version 2, all of them mandatory; `digest` only where there is a body. */
export interface ClaimsV2 {
  /** Seconds since the epoch. */
  readonly iat: number
  /** Seconds since the epoch. */
  readonly exp: number
  readonly jti: string
  readonly method: string
  readonly path: string
  readonly merchantId: string
  readonly digest: string | undefined
  readonly responseMleKid: string | undefined
}

// Official clients send the first; the second was proposed for them.
const RESPONSE_MLE_KIDS = ['v-c-response-mle-kid', 'v-c-api-response-mle-kid']

/** Reads which key replies shall be encrypted to; undefined when they need not be, empty when the claim is no text. */
function readResponseMleKid(claims: JsonObject): string | undefined {
  const name = RESPONSE_MLE_KIDS.find((candidate) => Object.hasOwn(claims, candidate))
  return name === undefined ? undefined : (stringMember(claims, name) ?? '')
}

const MANDATORY = [
  'iat',
  'exp',
  'jti',
  'request-method',
  'request-resource-path',
  'v-c-merchant-id',
]

/**
 * Reads the claims of version 2.
 *
 * @throws ServiceError `AUTHENTICATION_FAILED` that names those which are missing or of another type.
 */
export function readClaimsV2(claims: JsonObject, hasBody: boolean): ClaimsV2 {
  const [iat, exp] = [secondsMember(claims, 'iat'), secondsMember(claims, 'exp')]
  const [jti, method] = [stringMember(claims, 'jti'), stringMember(claims, 'request-method')]
  const path = stringMember(claims, 'request-resource-path')
  const merchantId = stringMember(claims, 'v-c-merchant-id')
  const digest = stringMember(claims, 'digest')
  const read = [iat, exp, jti, method, path, merchantId]
  const missing = MANDATORY.filter((_, index) => read[index] === undefined || read[index] === '')
  if (hasBody && digest === undefined) missing.push('digest')
  const complete =
    iat !== undefined && exp !== undefined && jti !== undefined && method !== undefined
  if (missing.length > 0 || !complete || path === undefined || merchantId === undefined) {
    throw refuse('TOKEN_CLAIM_MISSING', { claims: missing })
  }
  if (jti.length > LONGEST_JTI) throw refuse('TOKEN_CLAIM_MISSING', { claims: ['jti'] })
  const responseMleKid = readResponseMleKid(claims)
  return { iat, exp, jti, method, path, merchantId, digest, responseMleKid }
}

/** A time as a number, or as the same number in text: of a length that a time of signing can have. */
function secondsMember(claims: JsonObject, name: string): number | undefined {
  const text = stringMember(claims, name)
  if (text === undefined) return numberMember(claims, name)
  return /^[0-9]{9,12}$/.test(text) ? Number(text) : undefined
}

/** What a token of version 1 says, in header and claims. */
export interface ClaimsV1 {
  /** Seconds since the epoch. */
  readonly iat: number
  readonly merchantId: string
  readonly digest: string | undefined
  readonly responseMleKid: string | undefined
  /** There is none: a token of version 1 can be used again. */
  readonly jti?: undefined
}

/**
 * Reads a token of version 1: the merchant is in the header, `iat` is an HTTP date, a number or a number as text.
 *
 * @throws ServiceError `AUTHENTICATION_FAILED` that names what is missing.
 */
export function readClaimsV1(header: JsonObject, claims: JsonObject, hasBody: boolean): ClaimsV1 {
  const iat = readIat(claims)
  const merchantId = stringMember(header, 'v-c-merchant-id')
  const digest = stringMember(claims, 'digest')
  const missing = [
    ...(iat === undefined ? ['iat'] : []),
    ...(merchantId === undefined ? ['v-c-merchant-id (in the header)'] : []),
    ...(hasBody && digest === undefined ? ['digest'] : []),
  ]
  if (iat === undefined || merchantId === undefined || missing.length > 0) {
    throw refuse('TOKEN_CLAIM_MISSING', { claims: missing })
  }
  return { iat, merchantId, digest, responseMleKid: readResponseMleKid(claims) }
}

function readIat(claims: JsonObject): number | undefined {
  const text = stringMember(claims, 'iat')
  if (text === undefined) return numberMember(claims, 'iat')
  return /^[0-9]{1,12}$/.test(text) ? Number(text) : parseHttpDate(text)
}

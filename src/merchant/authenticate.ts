import { headerValues } from '../http-signature/message.ts'
import {
  authenticateByHttpSignature,
  type HttpSignatureNeeds,
  type MerchantRequest,
} from './by-http-signature.ts'
import { authenticateByJwt, type JwtNeeds } from './by-jwt.ts'
import type { Identity } from './merchant.ts'
import { refuse, refuseMissing } from './refusals.ts'

/** The ways in which a merchant can authenticate. */
export type Scheme = 'http_signature' | 'jwt'

/** Who sent a request, and how that is known. */
export interface Authenticated extends Identity {
  readonly scheme: Scheme
  /** See {@link JwtIdentity}. Default is undefined. */
  readonly responseMleKid?: string | undefined
  /** See {@link JwtIdentity}. Undefined for an HTTP Signature. */
  readonly jwtVersion?: 1 | 2
}

const SIGNATURE_HEADERS = ['date', 'v-c-merchant-id', 'signature']
const BEARER = /^Bearer +([^ ]+) *$/i

/**
 * Finds out who sent a request: by its `signature` header when there is one, else by its bearer JWT.
 *
 * Reads only raw bytes: nothing of the body has been parsed, nothing of the path normalised.
 *
 * @throws ServiceError `HEADERS_MISSING` without credentials, `AUTHENTICATION_FAILED` with wrong ones.
 */
export async function authenticate(
  needs: HttpSignatureNeeds & JwtNeeds,
  request: MerchantRequest,
): Promise<Authenticated> {
  if (headerValues(request, 'signature').length > 0) {
    return { ...(await authenticateByHttpSignature(needs, request)), scheme: 'http_signature' }
  }
  const [authorization] = headerValues(request, 'authorization')
  if (authorization === undefined) throw refuseMissing(missingHeaders(request))
  const token = BEARER.exec(authorization)?.[1]
  if (token === undefined) throw refuse('TOKEN_UNREADABLE')
  return { ...(await authenticateByJwt(needs, request, token)), scheme: 'jwt' }
}

function missingHeaders(request: MerchantRequest): readonly string[] {
  const isThere = (name: string): boolean => headerValues(request, name).length > 0
  return SIGNATURE_HEADERS.filter(
    (name) => !isThere(name) && !(name === 'date' && isThere('v-c-date')),
  )
}

import { SignJWT } from 'jose/jwt/sign'
import type { Credentials } from './credentials.ts'
import { digestOf } from './digest.ts'
import type { UnsignedRequest } from './sign-request.ts'
import { randomUuid } from './system.ts'

const LIFETIME_SECONDS = 120

/** Claims that sign a request, by their names. */
export type JwtClaims = Readonly<Record<string, string | number>>

/** Signs a request with a JWT of version 2 (HS256), good for this request only and for 2 minutes, and returns its header. */
export async function signByJwt(
  request: UnsignedRequest,
  credentials: Credentials,
  now: Date,
): Promise<Readonly<Record<string, string>>> {
  const jwt = await new SignJWT(await claimsFor(request, credentials.merchantId, now))
    .setProtectedHeader({ typ: 'JWT', alg: 'HS256', kid: credentials.keyId })
    .sign(await credentials.key())
  return { authorization: `Bearer ${jwt}` }
}

/** The claims of a JWT of version 2, whatever signs it: bound to one request, good for 2 minutes. */
export async function claimsFor(
  { method, target, host, body }: UnsignedRequest,
  merchantId: string,
  now: Date,
): Promise<JwtClaims> {
  const iat = Math.floor(now.getTime() / 1000)
  return {
    ...(body === undefined ? {} : { digest: await digestOf(body), digestAlgorithm: 'SHA-256' }),
    iat,
    exp: iat + LIFETIME_SECONDS,
    'request-method': method.toLowerCase(),
    'request-resource-path': target,
    'request-host': host,
    iss: merchantId,
    jti: randomUuid(),
    'v-c-jwt-version': '2',
    'v-c-merchant-id': merchantId,
  }
}

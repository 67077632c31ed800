import { SignJWT } from 'jose'
import type { Credentials } from './credentials.ts'
import { digestOf } from './digest.ts'
import type { UnsignedRequest } from './sign-request.ts'
import { randomUuid } from './system.ts'

const LIFETIME_SECONDS = 120

/** Signs a request with a JWT of version 2 (HS256), good for this request only and for 2 minutes, and returns its header. */
export async function signByJwt(
  request: UnsignedRequest,
  credentials: Credentials,
  now: Date,
): Promise<Readonly<Record<string, string>>> {
  const { method, target, host, body } = request
  const { merchantId, keyId } = credentials
  const iat = Math.floor(now.getTime() / 1000)
  const claims = {
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
  const jwt = await new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', alg: 'HS256', kid: keyId })
    .sign(await credentials.key())
  return { authorization: `Bearer ${jwt}` }
}

import { X509Certificate } from 'node:crypto'
import { CompactSign } from 'jose'
import { signByHttpSignature } from '../../client/by-http-signature.ts'
import { claimsFor, type JwtClaims } from '../../client/by-jwt.ts'
import { checkHeaderText, keepSecret } from '../../client/credentials.ts'
import { digestOf } from '../../client/digest.ts'
import type { UnsignedRequest } from '../../client/sign-request.ts'
import { formatHttpDate } from '../../http-signature/date.ts'
import type { CertificateCredential, Configuration, SecretCredential } from './configuration.ts'

/** The schemes in which a request can be signed. */
export type SchemeName = 'http-signature' | 'jwt-v1' | 'jwt-v2-secret' | 'jwt-v2-p12'

/**
 * Returns the headers that authenticate a request at a time.
 *
 * @param replyKid - the key id to which the reply shall be encrypted; JWTs only.
 */
export type Sign = (
  request: UnsignedRequest,
  now: Date,
  replyKid?: string,
) => Promise<Readonly<Record<string, string>>>

/** Makes a signer for every scheme for which there are credentials; undefined for the others. */
export function createSigners(
  configuration: Configuration,
): Readonly<Record<SchemeName, Sign | undefined>> {
  const { merchantId, secret, p12 } = configuration
  return {
    'http-signature': secret && byHttpSignature(merchantId, secret),
    'jwt-v1': p12 && byJwtV1(merchantId, p12),
    'jwt-v2-secret': secret && bySecret(merchantId, secret),
    'jwt-v2-p12': p12 && byP12(merchantId, p12),
  }
}

function byHttpSignature(merchantId: string, { keyId, secret }: SecretCredential): Sign {
  const credentials = {
    merchantId: checkHeaderText('merchantId', merchantId),
    keyId: checkHeaderText('keyId', keyId),
    key: keepSecret(secret),
  }
  return (request, now) => signByHttpSignature(request, credentials, now)
}

function bySecret(merchantId: string, { keyId, secret }: SecretCredential): Sign {
  const key = Buffer.from(secret, 'base64')
  return async function signBySecret(request, now, replyKid) {
    const claims = { ...(await claimsFor(request, merchantId, now)), ...askFor(replyKid) }
    return bearer(claims, { typ: 'JWT', alg: 'HS256', kid: keyId }, key)
  }
}

function byP12(merchantId: string, { keyId, privateKey }: CertificateCredential): Sign | undefined {
  if (keyId === undefined) return undefined
  return async function signByP12(request, now, replyKid) {
    const claims = { ...(await claimsFor(request, merchantId, now)), ...askFor(replyKid) }
    return bearer(claims, { typ: 'JWT', alg: 'RS256', kid: keyId }, privateKey)
  }
}

/** Version 1 shows its certificate and is bound to no request: only to a time, and to a body where there is one. */
function byJwtV1(merchantId: string, { privateKey, certificatePem }: CertificateCredential): Sign {
  const x5c = [new X509Certificate(certificatePem).raw.toString('base64')]
  return async function signByJwtV1({ body }, now) {
    const digest =
      body === undefined ? {} : { digest: await digestOf(body), digestAlgorithm: 'SHA-256' }
    const header = { typ: 'JWT', alg: 'RS256', 'v-c-merchant-id': merchantId, x5c }
    return bearer({ ...digest, iat: formatHttpDate(now) }, header, privateKey)
  }
}

function askFor(replyKid: string | undefined): JwtClaims {
  return replyKid === undefined ? {} : { 'v-c-response-mle-kid': replyKid }
}

async function bearer(
  claims: JwtClaims,
  header: { readonly alg: string } & Readonly<Record<string, unknown>>,
  key: CertificateCredential['privateKey'] | Buffer,
): Promise<Readonly<Record<string, string>>> {
  const jwt = await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ ...header })
    .sign(key)
  return { authorization: `Bearer ${jwt}` }
}

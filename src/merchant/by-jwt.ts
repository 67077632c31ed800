import { createSecretKey, hash, X509Certificate, type KeyObject } from 'node:crypto'
import { epochSeconds } from '../clock-and-random.ts'
import { describeClockDifference } from '../http-signature/date.ts'
import { firstDifference } from '../http-signature/diagnose.ts'
import { decodeJws, type DecodedJws } from '../jose/jws.ts'
import { stringMember, stringsMember } from '../protocol/parse.ts'
import type { Write } from '../store/contract.ts'
import type { FindIdentity, MerchantRequest } from './by-http-signature.ts'
import { actFor, checkCredential, type FindMerchant } from './check-credential.ts'
import { checkDigest } from './check-digest.ts'
import { checkTime, type TimeNeeds } from './check-time.ts'
import type { DiagnosisNeeds } from './diagnosis-rate.ts'
import { JWT_ALGORITHMS } from './jwt-algorithms.ts'
import { readClaimsV1, readClaimsV2, type ClaimsV1, type ClaimsV2 } from './jwt-claims.ts'
import { certificateMistake } from './certificate-mistake.ts'
import type { Credential, Identity } from './merchant.ts'
import { fingerprintOf } from './records.ts'
import { refuse, refuseUnknownKey } from './refusals.ts'

const LONGEST_LIFE_SECONDS = 300

/** Who sent a bearer JWT, and what it asks for. */
export interface JwtIdentity extends Identity {
  /** The kid of the key to which the reply shall be encrypted. Undefined when it need not be. */
  readonly responseMleKid: string | undefined
  /** Only version 2 is bound to one request. */
  readonly jwtVersion: 1 | 2
}

/** What authentication by JWT needs beyond the clock. */
export interface JwtNeeds extends FindIdentity, FindMerchant, TimeNeeds, DiagnosisNeeds {
  /** Finds the credential that is exactly this certificate; undefined when it is not registered. */
  findByFingerprint(fingerprint: string): Promise<Identity | undefined>
  /** Stores the token's id, once for all replicas; see {@link Store.write}. */
  write(batch: readonly Write[]): Promise<boolean>
}

/**
 * Authenticates a request by its bearer JWT.
 *
 * Version 2 names its credential by `kid`, is bound to method, path and body, and is good for one request. Version 1
 * carries its certificate, is bound to the body only, and must have been allowed to the credential.
 *
 * @param token - the compact JWS behind `Bearer `.
 * @throws ServiceError `AUTHENTICATION_FAILED` with the reason in its explanation; `STORE_UNAVAILABLE` when the token's
 * id cannot be recorded.
 */
export async function authenticateByJwt(
  needs: JwtNeeds,
  request: MerchantRequest,
  token: string,
): Promise<JwtIdentity> {
  const jws = decodeJws(token)
  if (jws === undefined) throw refuse('TOKEN_UNREADABLE')
  const identity = await findIdentity(needs, jws)
  checkSignature(jws, identity.credential)
  checkCredential(identity, needs)
  const isV1 = !stringMember(jws.header, 'kid')
  const check = isV1 ? checkV1 : checkV2
  const claims = check(needs, request, { jws, identity })
  const merchant = await actFor(needs, identity, claims.merchantId)
  // Only a request that is let in spends the id of its token.
  if (claims.jti !== undefined) await recordId(needs, identity.credential.keyId, claims)
  const { responseMleKid } = claims
  return { ...identity, merchant, responseMleKid, jwtVersion: isV1 ? 1 : 2 }
}

async function findIdentity(needs: JwtNeeds, { header }: DecodedJws): Promise<Identity> {
  const keyId = stringMember(header, 'kid')
  // PHP sends an empty kid beside x5c.
  if (keyId) return (await needs.find(keyId)) ?? Promise.reject(refuseUnknownKey(keyId))
  const certificate = stringsMember(header, 'x5c')?.[0]
  if (certificate === undefined) throw refuse('TOKEN_WITHOUT_KEY_ID')
  const x509 = readCertificate(certificate)
  const fingerprint = fingerprintOf(x509)
  const found = await needs.findByFingerprint(fingerprint)
  if (found !== undefined) return found
  const mistake = certificateMistake(x509, stringMember(header, 'v-c-merchant-id'), needs)
  throw refuse('UNKNOWN_CERTIFICATE', { fingerprint, mistake })
}

// No chain is built: the certificate must equal a registered one. PHP leaves the line breaks of PEM inside.
function readCertificate(base64: string): X509Certificate {
  try {
    return new X509Certificate(Buffer.from(base64.replaceAll(/\s/g, ''), 'base64'))
  } catch {
    throw refuse('CERTIFICATE_UNREADABLE')
  }
}

function checkSignature(jws: DecodedJws, credential: Credential): void {
  const { keyId, kind } = credential
  if (kind === 'mle-certificate') throw refuse('NOT_FOR_THIS_CREDENTIAL', { keyId, kind })
  const algorithms = JWT_ALGORITHMS[kind]
  const verify = algorithms.get(stringMember(jws.header, 'alg') ?? '')
  if (verify === undefined || Object.hasOwn(jws.header, 'crit')) {
    throw refuse('ALGORITHM_NOT_ALLOWED', { keyId, allowed: [...algorithms.keys()] })
  }
  const key = kind === 'certificate' ? credential.publicKey : credential.secret
  if (verify(jws, key)) return
  const isUndecoded = kind === 'shared-secret' && verify(jws, undecoded(credential.secret))
  throw refuse('WRONG_SIGNATURE', {
    keyId,
    mistake: MISTAKES[isUndecoded ? 'undecoded' : kind],
  })
}

const MISTAKES = {
  undecoded: 'The secret was used as text: decode it from base64 first.',
  'shared-secret': 'The secret is not the one of this key id, or the token was changed.',
  certificate:
    'The private key is not the one of the registered certificate, or the token was changed.',
} as const

function undecoded(secret: KeyObject): KeyObject {
  return createSecretKey(secret.export().toString('base64'), 'latin1')
}

interface Verified {
  readonly jws: DecodedJws
  readonly identity: Identity
}

function checkV1(
  needs: JwtNeeds,
  { body }: MerchantRequest,
  { jws, identity }: Verified,
): ClaimsV1 {
  const { keyId, allows } = identity.credential
  if (!allows.jwtV1) throw refuse('JWT_V1_NOT_ALLOWED', { keyId })
  const claims = readClaimsV1(jws.header, jws.claims, body.length > 0)
  checkTime(claims.iat, needs)
  if (claims.digest !== undefined) checkDigest(claims.digest, body, () => needs.mayDiagnose(keyId))
  return claims
}

function checkV2(needs: JwtNeeds, request: MerchantRequest, { jws, identity }: Verified): ClaimsV2 {
  const { keyId } = identity.credential
  const claims = readClaimsV2(jws.claims, request.body.length > 0)
  checkTimes(claims, needs)
  checkTarget(claims, request)
  const { digest } = claims
  if (digest !== undefined) checkDigest(digest, request.body, () => needs.mayDiagnose(keyId))
  return claims
}

function checkTimes({ iat, exp }: ClaimsV2, needs: TimeNeeds): void {
  if (exp - iat > LONGEST_LIFE_SECONDS) throw refuse('TOKEN_LIVES_TOO_LONG', { seconds: exp - iat })
  checkTime(iat, needs)
  const late = epochSeconds(needs.now) - exp
  if (late <= needs.toleranceSeconds) return
  throw refuse('TOKEN_EXPIRED', { clockDifference: describeClockDifference(-late) })
}

function checkTarget(claims: ClaimsV2, request: MerchantRequest): void {
  if (claims.method.toLowerCase() !== request.method.toLowerCase()) {
    throw refuse('TOKEN_OF_OTHER_METHOD', { expected: request.method, received: claims.method })
  }
  const [withoutQuery] = request.target.split('?', 1)
  if (claims.path !== request.target && claims.path !== withoutQuery) {
    const difference = firstDifference(request.target, claims.path)
    throw refuse('TOKEN_OF_OTHER_PATH', {
      expected: request.target,
      received: claims.path,
      firstDifference: difference,
    })
  }
}

const USED_MARK = Buffer.from([1])

async function recordId(needs: JwtNeeds, keyId: string, { jti, exp }: ClaimsV2): Promise<void> {
  const name = hash('sha256', `${keyId}\n${jti}`, 'base64url')
  const expiresAt = Math.ceil(exp) + needs.toleranceSeconds + 1
  const isNew = await needs.write([
    { op: 'put-new', kind: 'jwt-id', name, expiresAt, value: USED_MARK },
  ])
  if (!isNew) throw refuse('TOKEN_REPLAYED')
}

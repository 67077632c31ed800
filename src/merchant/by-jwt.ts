import { hash, createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'
import { epochSeconds } from '../clock-and-random.ts'
import { describeClockDifference } from '../http-signature/date.ts'
import { firstDifference } from '../http-signature/diagnose.ts'
import { decodeJws, type DecodedJws } from '../jose/jws.ts'
import { numberMember, stringMember, type JsonObject } from '../protocol/parse.ts'
import type { Write } from '../store/contract.ts'
import type { FindIdentity, MerchantRequest } from './by-http-signature.ts'
import { checkDigest } from './check-digest.ts'
import { checkTime, type TimeNeeds } from './check-time.ts'
import type { Identity } from './merchant.ts'
import { refuse, refuseUnknownKey } from './refusals.ts'

// The credential decides: a shared secret allows HMAC and nothing else, whatever the token says.
const HMAC_HASHES: ReadonlyMap<string, string> = new Map([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
])
const LONGEST_LIFE_SECONDS = 300
const LONGEST_JTI = 128

/** What authentication by JWT needs beyond the registry and the clock. */
export interface JwtNeeds extends FindIdentity, TimeNeeds {
  /** Stores the token's id, once for all replicas; see {@link Store.write}. */
  write(batch: readonly Write[]): Promise<boolean>
}

/**
 * Authenticates a request by its bearer JWT (version 2, HMAC under the shared secret): bound to method, path and body,
 * good for one request.
 *
 * @param token - the compact JWS behind `Bearer `.
 * @throws ServiceError `AUTHENTICATION_FAILED` with the reason in its explanation; `STORE_UNAVAILABLE` when the token's
 * id cannot be recorded.
 */
export async function authenticateByJwt(
  needs: JwtNeeds,
  request: MerchantRequest,
  token: string,
): Promise<Identity> {
  const jws = decodeJws(token)
  if (jws === undefined) throw refuse('TOKEN_UNREADABLE')
  const keyId = stringMember(jws.header, 'kid')
  if (!keyId) throw refuse('TOKEN_WITHOUT_KEY_ID')
  const identity = await needs.find(keyId)
  if (identity === undefined) throw refuseUnknownKey(keyId)
  checkMac(jws, identity.credential.secret, keyId)
  const claims = readClaims(jws.claims, request)
  checkTimes(claims, needs)
  checkBinding(claims, request)
  if (claims.merchantId !== identity.merchant.id) {
    throw refuse('OTHER_MERCHANT', { merchantId: claims.merchantId })
  }
  await recordId(needs, keyId, claims)
  return identity
}

function checkMac(jws: DecodedJws, secret: KeyObject, keyId: string): void {
  const hash = HMAC_HASHES.get(stringMember(jws.header, 'alg') ?? '')
  if (hash === undefined || Object.hasOwn(jws.header, 'crit')) {
    throw refuse('ALGORITHM_NOT_ALLOWED', { keyId, allowed: [...HMAC_HASHES.keys()] })
  }
  if (isMacOf(jws, hash, secret)) return
  const undecoded = Buffer.from(secret.export().toString('base64'), 'latin1')
  const mistake = isMacOf(jws, hash, undecoded)
    ? 'The secret was used as text: decode it from base64 first.'
    : 'The secret is not the one of this key id, or the token was changed.'
  throw refuse('WRONG_SIGNATURE', { keyId, mistake })
}

function isMacOf(jws: DecodedJws, hash: string, secret: KeyObject | Buffer): boolean {
  const expected = createHmac(hash, secret).update(jws.signingInput, 'latin1').digest()
  return expected.length === jws.signature.length && timingSafeEqual(expected, jws.signature)
}

interface Claims {
  readonly iat: number
  readonly exp: number
  readonly jti: string
  readonly method: string
  readonly path: string
  readonly merchantId: string
  readonly digest: string | undefined
}

const MANDATORY = [
  'iat',
  'exp',
  'jti',
  'request-method',
  'request-resource-path',
  'v-c-merchant-id',
]

function readClaims(claims: JsonObject, request: MerchantRequest): Claims {
  const [iat, exp] = [numberMember(claims, 'iat'), numberMember(claims, 'exp')]
  const [jti, method] = [stringMember(claims, 'jti'), stringMember(claims, 'request-method')]
  const path = stringMember(claims, 'request-resource-path')
  const merchantId = stringMember(claims, 'v-c-merchant-id')
  const digest = stringMember(claims, 'digest')
  const read = [iat, exp, jti, method, path, merchantId]
  const missing = MANDATORY.filter((_, index) => read[index] === undefined || read[index] === '')
  if (request.body.length > 0 && digest === undefined) missing.push('digest')
  const complete =
    iat !== undefined && exp !== undefined && jti !== undefined && method !== undefined
  if (missing.length > 0 || !complete || path === undefined || merchantId === undefined) {
    throw refuse('TOKEN_CLAIM_MISSING', { claims: missing })
  }
  if (jti.length > LONGEST_JTI) throw refuse('TOKEN_CLAIM_MISSING', { claims: ['jti'] })
  return { iat, exp, jti, method, path, merchantId, digest }
}

function checkTimes({ iat, exp }: Claims, needs: TimeNeeds): void {
  if (exp - iat > LONGEST_LIFE_SECONDS) throw refuse('TOKEN_LIVES_TOO_LONG', { seconds: exp - iat })
  checkTime(iat, needs)
  const late = epochSeconds(needs.now) - exp
  if (late <= needs.toleranceSeconds) return
  throw refuse('TOKEN_EXPIRED', { clockDifference: describeClockDifference(-late) })
}

function checkBinding(claims: Claims, request: MerchantRequest): void {
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
  if (claims.digest !== undefined) checkDigest(claims.digest, request.body)
}

const USED_MARK = Buffer.from([1])

async function recordId(needs: JwtNeeds, keyId: string, { jti, exp }: Claims): Promise<void> {
  const name = hash('sha256', `${keyId}\n${jti}`, 'base64url')
  const expiresAt = Math.ceil(exp) + needs.toleranceSeconds + 1
  const isNew = await needs.write([
    { op: 'put-new', kind: 'jwt-id', name, expiresAt, value: USED_MARK },
  ])
  if (!isNew) throw refuse('TOKEN_REPLAYED')
}

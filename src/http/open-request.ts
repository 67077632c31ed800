import { epochSeconds, type Now } from '../clock-and-random.ts'
import { describeClockDifference } from '../http-signature/date.ts'
import { decodeJsonPart } from '../jose/compact.ts'
import { decodeJwe, decryptJwe, type DecodedJwe } from '../jose/jwe.ts'
import type { MleKey, MleKeys } from '../keys/mle-keys.ts'
import type { Authenticated } from '../merchant/authenticate.ts'
import { numberMember, parseJsonBytes, stringMember, type JsonObject } from '../protocol/parse.ts'
import { refuseMle, showKid, type MleRefusalReason } from './mle-refusals.ts'

const MEMBER = 'encryptedRequest'
const ALGORITHMS = { alg: 'RSA-OAEP-256', enc: 'A256GCM' } as const
// However the envelope is written, its only member stands at its beginning.
const BEGINNING_BYTES = 64

/** What opening encrypted requests needs. */
export interface OpenRequestNeeds {
  readonly keys: MleKeys
  readonly now: Now
  /** How far `iat` may be from the clock; positive. */
  readonly toleranceSeconds: number
  randomBytes(count: number): Buffer
}

/** Tells quickly that a body is no encrypted request; true means that it has to be looked at. */
export function mayBeEncrypted(body: Buffer): boolean {
  return body.subarray(0, BEGINNING_BYTES).includes(`"${MEMBER}"`)
}

/**
 * Decrypts the body of an authenticated request, `{"encryptedRequest": "<compact JWE>"}`; any other body is returned as it
 * is. That the plaintext is JSON is not verified.
 *
 * @throws ServiceError `MLE_REQUEST_REFUSED` that says what does not match. Whatever goes wrong once the private key is in
 * use has one answer (RFC 7516 §11.5).
 */
export async function openRequest(
  needs: OpenRequestNeeds,
  body: Buffer,
  { scheme }: Pick<Authenticated, 'scheme'>,
): Promise<Buffer> {
  const envelope = mayBeEncrypted(body) ? parseJsonBytes(body) : undefined
  if (envelope === undefined || !Object.hasOwn(envelope, MEMBER)) return body
  if (scheme !== 'jwt') throw refuse('MLE_WITHOUT_JWT')
  const compact = stringMember(envelope, MEMBER)
  if (compact === undefined || Object.keys(envelope).length > 1) throw refuse('MLE_NOT_ALONE')
  const header = readHeader(compact)
  const jwe = decodeJwe(compact)
  if (jwe === undefined) throw refuse('MLE_NOT_A_JWE')
  const key = await findKey(needs, jwe)
  checkTime(needs, header)
  const plaintext = decryptJwe(jwe, key.privateKey, (count) => needs.randomBytes(count))
  if (plaintext === undefined) throw refuse('MLE_NOT_DECRYPTED', { kid: key.kid })
  return plaintext
}

function readHeader(compact: string): JsonObject {
  const header = decodeJsonPart(compact.split('.', 1)[0] ?? '')
  if (header === undefined) throw refuse('MLE_NOT_A_JWE')
  const received = { alg: stringMember(header, 'alg'), enc: stringMember(header, 'enc') }
  const isOurs = received.alg === ALGORITHMS.alg && received.enc === ALGORITHMS.enc
  if (isOurs && !Object.hasOwn(header, 'zip') && !Object.hasOwn(header, 'crit')) return header
  throw refuse('MLE_OTHER_ALGORITHM', { expected: ALGORITHMS })
}

async function findKey({ keys }: OpenRequestNeeds, { kid }: DecodedJwe): Promise<MleKey> {
  const key = await keys.find(kid)
  if (key !== undefined) return key
  throw refuse('MLE_UNKNOWN_KEY', { expected: await keys.kids(), received: showKid(kid) })
}

function checkTime({ now, toleranceSeconds }: OpenRequestNeeds, header: JsonObject): void {
  const iat = numberMember(header, 'iat')
  const difference = (iat ?? Number.NaN) - epochSeconds(now)
  if (Math.abs(difference) <= toleranceSeconds) return
  if (iat === undefined) throw refuse('MLE_TIME')
  throw refuse('MLE_TIME', { clockDifference: describeClockDifference(difference) })
}

function refuse(
  reason: MleRefusalReason,
  circumstances: Readonly<Record<string, unknown>> = {},
): ReturnType<typeof refuseMle> {
  return refuseMle('MLE_REQUEST_REFUSED', reason, circumstances)
}

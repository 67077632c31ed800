import type { Audit } from '../audit/audit.ts'
import { epochSeconds, type Now, type Random } from '../clock-and-random.ts'
import { ServiceError } from '../errors.ts'
import { decodeJwe, decryptJwe, type DecodedJwe } from '../jose/jwe.ts'
import { signJws } from '../jose/jws.ts'
import { isSessionKid } from '../keys/session-kid.ts'
import type { SessionKey, SessionKeys } from '../keys/session-keys.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import { LIFETIME_SECONDS } from '../protocol/capture-context.ts'
import type { CardData } from '../protocol/field-catalogue.ts'
import { createJti } from '../protocol/jti.ts'
import type { JsonObject } from '../protocol/parse.ts'
import { parseTokenRequest } from '../protocol/token-request.ts'
import { createTransientToken } from '../protocol/transient-token.ts'
import { openContext, sessionKeyNotFound, type OpenedSession } from '../session/open-context.ts'
import { validateCardData } from '../session/validate.ts'
import type { Store } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { shortHash } from '../telemetry/redact.ts'
import type { Trace } from '../telemetry/trace.ts'
import { storeCardWrites } from '../session/card-vault.ts'

/** What creating a token needs. */
export interface CreateTokenNeeds {
  readonly now: Now
  readonly random: Random
  readonly sessionKeys: SessionKeys
  readonly signingKeys: Pick<SigningKeys, 'find'>
  readonly sealer: Sealer
  readonly store: Pick<Store, 'write'>
  /** Two digits and the letter that goes with them in a jti. */
  readonly site: { readonly digits: string; readonly letter: string }
  /** How many opened attempts a session may see whose context did not open. */
  readonly defaultAttempts: number
  /** See {@link validateCardData}. */
  checkNumber(pan: string): string | undefined
  readonly audit: Audit
  readonly trace: Trace
}

// An attempt that could not even be decrypted costs the service RSA, and could feel its way to the plaintext.
const FAILED_OPENS = 20

/**
 * Creates a transient token from a JWE that carries captured data and its own capture context.
 *
 * @param compact - the compact JWE, as received.
 * @throws ServiceError `JWE_MALFORMED`, `SESSION_KEY_NOT_FOUND`, `QUOTA_EXCEEDED`, `DECRYPTION_ERROR`,
 * `VALIDATION_FAILED`, `CARD_DATA_INVALID` or `NO_DATA`. From the first use of the private key on, the attempt was
 * counted before it is thrown.
 */
export async function createToken(
  needs: CreateTokenNeeds,
  compact: string,
  correlationId: string,
): Promise<string> {
  const jwe = decodeJwe(compact)
  if (jwe === undefined || !isSessionKid(jwe.kid)) throw new ServiceError('JWE_MALFORMED')
  needs.trace({ step: 'read JWE header', outcome: 'passed' })
  const key = await findKey(needs, jwe)
  const plaintext = decryptJwe(jwe, key.privateKey, (count) => needs.random.bytes(count))
  if (plaintext === undefined) throw await refuseUndecrypted(needs, key)
  needs.trace({ step: 'decrypt', outcome: 'passed' })
  const captured = await openCaptured(needs, key, plaintext)
  const { token, jti } = await issue(needs, key, captured)
  const { merchantId } = captured.session
  const jtiHash = shortHash(jti)
  await needs.audit.record({
    event: 'token.issued',
    correlationId,
    merchantId,
    kid: key.kid,
    jtiHash,
  })
  return token
}

async function findKey(needs: CreateTokenNeeds, { kid }: DecodedJwe): Promise<SessionKey> {
  const key = await needs.sessionKeys.find(kid)
  if (key === 'unknown') throw sessionKeyNotFound(kid)
  if (key === 'spent') throw new ServiceError('QUOTA_EXCEEDED')
  needs.trace({ step: 'find session key', outcome: 'passed' })
  return key
}

async function refuseUndecrypted(needs: CreateTokenNeeds, key: SessionKey): Promise<ServiceError> {
  const counted = await needs.store.write(key.countWrites({ failed: FAILED_OPENS }))
  return new ServiceError(counted ? 'DECRYPTION_ERROR' : 'QUOTA_EXCEEDED')
}

interface Captured {
  readonly session: OpenedSession
  readonly type: string
  readonly cardData: CardData
}

async function openCaptured(
  needs: CreateTokenNeeds,
  key: SessionKey,
  plaintext: JsonObject,
): Promise<Captured> {
  let attempts = needs.defaultAttempts
  try {
    const request = parseTokenRequest(plaintext)
    const now = needs.now()
    const seconds = Math.floor(now.getTime() / 1000)
    const session = openContext(request.context, key.kid, { ...needs, seconds })
    needs.trace({ step: 'open capture context', outcome: 'passed' })
    attempts = session.attempts
    const entry = session.entries[request.index]
    if (entry === undefined) throw noSuchEntry()
    const checkNumber = (pan: string): string | undefined => needs.checkNumber(pan)
    const cardData = validateCardData(request.data, entry, { now, checkNumber })
    needs.trace({ step: 'validate card data', outcome: 'passed' })
    return { session, type: entry.type, cardData }
  } catch (refusal) {
    const counted = await needs.store.write(key.countWrites({ opened: attempts }))
    throw counted ? refusal : new ServiceError('QUOTA_EXCEEDED')
  }
}

function noSuchEntry(): ServiceError {
  const details = [{ location: 'index', message: 'is not a position in ctx' }]
  return new ServiceError('VALIDATION_FAILED', { details })
}

async function issue(
  needs: CreateTokenNeeds,
  key: SessionKey,
  { session, type, cardData }: Captured,
): Promise<{ readonly token: string; readonly jti: string }> {
  const { digits, letter } = needs.site
  const issuedAt = epochSeconds(needs.now)
  const expiresAt = issuedAt + LIFETIME_SECONDS
  const jti = createJti(needs.random.bytes(32), letter, expiresAt)
  const card = { merchantId: session.merchantId, expiresAt, cardData }
  const stored = await needs.store.write([
    ...key.countWrites({ opened: session.attempts, issued: session.tokens }),
    ...storeCardWrites(jti, card, needs.sealer),
  ])
  if (!stored) throw new ServiceError('QUOTA_EXCEEDED')
  needs.trace({ step: 'count and store', outcome: 'passed' })
  const claims = createTransientToken({ site: digits, type, issuedAt, expiresAt, jti, cardData })
  const token = signJws({ kid: key.kid, privateKey: key.privateKey }, claims)
  needs.trace({ step: 'sign transient token', outcome: 'passed' })
  return { token, jti }
}

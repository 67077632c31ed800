import type { Audit } from '../audit/audit.ts'
import type { Now, Random } from '../clock-and-random.ts'
import { ServiceError } from '../errors.ts'
import { decodeJwe, decryptContent, decryptContentKey, type DecodedJwe } from '../jose/jwe.ts'
import { signJws } from '../jose/jws.ts'
import type { RunRsa } from '../jose/rsa-queue.ts'
import { isSessionKid } from '../keys/session-kid.ts'
import type { SessionKey, SessionKeys } from '../keys/session-keys.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import { LIFETIME_SECONDS, type ContextEntry } from '../protocol/capture-context.ts'
import { withoutSecurityCode, type CardData } from '../protocol/field-catalogue.ts'
import { createJti } from '../protocol/jti.ts'
import { parseJsonBytes, type JsonObject } from '../protocol/parse.ts'
import { parseTokenRequest } from '../protocol/token-request.ts'
import { createTransientToken } from '../protocol/transient-token.ts'
import { openContext, sessionKeyNotFound, type OpenedSession } from '../session/open-context.ts'
import { validateCardData } from '../session/validate.ts'
import type { Store } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { shortHash } from '../telemetry/redact.ts'
import { traced, type Trace } from '../telemetry/trace.ts'
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
  readonly runRsa: RunRsa
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
  const { trace } = needs
  const jwe = traced(trace, 'read JWE header', () => readJwe(compact))
  const key = await traced(trace, 'find session key', () => findKey(needs, jwe.kid))
  const plaintext = await traced(trace, 'decrypt', () => decrypt(needs, key, jwe))
  const captured = await openCaptured(needs, key, plaintext)
  const jti = createJti(needs.random.bytes(32), needs.site.letter, captured.expiresAt)
  const claims = createTransientToken({ ...captured, site: needs.site.digits, jti })
  // In one turn of the event loop, so that more tokens share a commit; what is not stored is not answered.
  const [, token] = await Promise.all([
    traced(trace, 'count and store', () => countAndStore(needs, key, { ...captured, jti })),
    traced(trace, 'sign transient token', () => needs.runRsa(() => signJws(key, claims))),
  ])
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

function readJwe(compact: string): DecodedJwe {
  const jwe = decodeJwe(compact)
  if (jwe === undefined || !isSessionKid(jwe.kid)) throw new ServiceError('JWE_MALFORMED')
  return jwe
}

async function findKey(needs: CreateTokenNeeds, kid: string): Promise<SessionKey> {
  const key = await needs.sessionKeys.find(kid)
  if (key === 'unknown') throw sessionKeyNotFound(kid)
  if (key === 'spent') throw new ServiceError('QUOTA_EXCEEDED')
  return key
}

async function decrypt(
  needs: CreateTokenNeeds,
  key: SessionKey,
  jwe: DecodedJwe,
): Promise<JsonObject> {
  const randomBytes = (count: number): Buffer => needs.random.bytes(count)
  const contentKey = await needs.runRsa(() => decryptContentKey(jwe, key.privateKey, randomBytes))
  const plaintext = decryptContent(jwe, contentKey)
  // The error of the JSON parser, which quotes the plaintext, is dropped.
  const object = plaintext === undefined ? undefined : parseJsonBytes(plaintext)
  plaintext?.fill(0)
  if (object !== undefined) return object
  const counted = await needs.store.write(key.countWrites({ failed: FAILED_OPENS }))
  throw new ServiceError(counted ? 'DECRYPTION_ERROR' : 'QUOTA_EXCEEDED')
}

/** What was captured, checked. Times are seconds since the epoch. */
interface Captured {
  readonly session: OpenedSession
  readonly type: string
  readonly cardData: CardData
  readonly issuedAt: number
  readonly expiresAt: number
}

async function openCaptured(
  needs: CreateTokenNeeds,
  key: SessionKey,
  plaintext: JsonObject,
): Promise<Captured> {
  const { trace, store, defaultAttempts } = needs
  const now = needs.now()
  const issuedAt = Math.floor(now.getTime() / 1000)
  const counting = { store, key, attempts: defaultAttempts }
  const { session, entry, data } = await countingRefusal(counting, () =>
    traced(trace, 'open capture context', () => {
      const request = parseTokenRequest(plaintext)
      const opened = openContext(request.context, key.kid, { ...needs, seconds: issuedAt })
      const chosen = chooseEntry(opened, request.index)
      return { session: opened, entry: chosen, data: request.data }
    }),
  )
  const countingSession = { store, key, attempts: session.attempts }
  const checkNumber = (pan: string): string | undefined => needs.checkNumber(pan)
  const cardData = await countingRefusal(countingSession, () =>
    traced(trace, 'validate card data', () => validateCardData(data, entry, { now, checkNumber })),
  )
  const expiresAt = issuedAt + (session.tokenSeconds ?? LIFETIME_SECONDS)
  return { session, type: entry.type, cardData, issuedAt, expiresAt }
}

function chooseEntry({ entries }: OpenedSession, index: number): ContextEntry {
  const entry = entries[index]
  if (entry !== undefined) return entry
  const details = [{ location: 'index', message: 'is not a position in ctx' }]
  throw new ServiceError('VALIDATION_FAILED', { details })
}

interface Counting {
  readonly store: CreateTokenNeeds['store']
  readonly key: SessionKey
  readonly attempts: number
}

/** Runs what may refuse an attempt; a refusal is counted, durably, before it is passed on. */
async function countingRefusal<Result>(
  { store, key, attempts }: Counting,
  run: () => Result,
): Promise<Result> {
  try {
    return await run()
  } catch (refusal) {
    const counted = await store.write(key.countWrites({ opened: attempts }))
    throw counted ? refusal : await overQuota(store, key)
  }
}

// Attempts of one session can have different limits: where one finds another's count beyond its own, the key is not
// spent yet. The attempt, which has cost RSA, is counted as a failed one then, so that none is free.
async function overQuota(store: CreateTokenNeeds['store'], key: SessionKey): Promise<ServiceError> {
  await store.write(key.countWrites({ failed: FAILED_OPENS }))
  return new ServiceError('QUOTA_EXCEEDED')
}

async function countAndStore(
  needs: CreateTokenNeeds,
  key: SessionKey,
  { session, cardData, expiresAt, jti }: Captured & { readonly jti: string },
): Promise<void> {
  const { merchantId, uses, keepsSecurityCode = false } = session
  const kept = keepsSecurityCode ? cardData : withoutSecurityCode(cardData)
  const card = { merchantId, expiresAt, cardData: kept, uses }
  const stored = await needs.store.write([
    ...key.countWrites({ opened: session.attempts, issued: session.tokens }),
    ...storeCardWrites(jti, card, needs.sealer),
  ])
  if (!stored) throw await overQuota(needs.store, key)
}

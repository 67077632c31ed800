import type { Audit } from '../audit/audit.ts'
import { epochSeconds, type Now, type Random } from '../clock-and-random.ts'
import { ServiceError } from '../errors.ts'
import { signJws } from '../jose/jws.ts'
import type { RunRsa } from '../jose/rsa-queue.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { Merchant } from '../merchant/merchant.ts'
import {
  createCaptureContext,
  LIFETIME_SECONDS,
  type SessionJwk,
} from '../protocol/capture-context.ts'
import { parseJsonBytes } from '../protocol/parse.ts'
import { randomText } from '../protocol/random-text.ts'
import { parseSessionRequest, type SessionRequest } from '../protocol/session-request.ts'
import { sealSession, type SessionLimits } from '../session/sealed-session.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { traced, type Trace } from '../telemetry/trace.ts'

/** What opening a session needs. */
export interface CreateSessionNeeds {
  readonly now: Now
  readonly random: Random
  /** Gives the public key of a new session, as the merchant's settings want it. */
  nextSessionKey(merchant: Merchant): Promise<SessionJwk>
  readonly sealer: Sealer
  readonly signingKeys: Pick<SigningKeys, 'active'>
  /** For merchants that set none. */
  readonly sessionLimits: SessionLimits
  /** Tells whether a merchant's security codes have a use; without one they are not kept. */
  keepsSecurityCode(merchant: Merchant): boolean
  readonly runRsa: RunRsa
  readonly audit: Audit
  readonly trace: Trace
}

/** One call to open a session. */
export interface CreateSessionCall {
  /** The raw body bytes, which authentication has verified. */
  readonly body: Buffer
  /** Where this service is, such as `https://pay.example.com`; never taken from the request. */
  readonly origin: string
  readonly correlationId: string
}

const JTI_LENGTH = 16

/**
 * Opens a session: answers with the capture context, a JWS that carries the session's public key.
 *
 * @throws ServiceError `BODY_NOT_JSON`, `VALIDATION_FAILED`, `KEY_POOL_EMPTY` or `RATE_LIMITED`.
 */
export async function createSession(
  needs: CreateSessionNeeds,
  merchant: Merchant,
  call: CreateSessionCall,
): Promise<string> {
  const { trace } = needs
  const request = traced(trace, 'parse request', () => parseBody(call.body))
  const jwk = await traced(trace, 'take session key', () => needs.nextSessionKey(merchant))
  const issuedAt = epochSeconds(needs.now)
  const expiresAt = issuedAt + (merchant.sessionSeconds ?? LIFETIME_SECONDS)
  const { id: merchantId, tokenSeconds } = merchant
  const limits = limitsOf(merchant, needs.sessionLimits)
  const keepsSecurityCode = needs.keepsSecurityCode(merchant) || undefined
  const session = { merchantId, expiresAt, ...limits, tokenSeconds, keepsSecurityCode }
  const sealedData = sealSession(session, jwk.kid, needs.sealer)
  const jti = randomText((count) => needs.random.bytes(count), JTI_LENGTH)
  const { origin, correlationId } = call
  const times = { issuedAt, expiresAt }
  const context = createCaptureContext({ origin, jwk, sealedData, request, ...times, jti })
  const { active } = needs.signingKeys
  const signed = await traced(trace, 'sign capture context', () =>
    needs.runRsa(() => signJws(active, context)),
  )
  await needs.audit.record({
    event: 'session.opened',
    correlationId,
    merchantId: merchant.id,
    kid: jwk.kid,
  })
  return signed
}

function parseBody(bytes: Buffer): SessionRequest {
  const body = parseJsonBytes(bytes)
  if (body === undefined) throw new ServiceError('BODY_NOT_JSON')
  return parseSessionRequest(body)
}

function limitsOf(merchant: Merchant, defaults: SessionLimits): SessionLimits {
  return {
    tokens: merchant.tokensPerSession ?? defaults.tokens,
    attempts: merchant.attemptsPerSession ?? defaults.attempts,
    uses: (merchant.usesPerToken ?? defaults.uses) || undefined,
  }
}

import type { Audit } from '../audit/audit.ts'
import type { Release } from '../audit/release-entry.ts'
import type { AppendedEntry, ReleaseTrail } from '../audit/release-trail.ts'
import { epochSeconds, type Now, type Random } from '../clock-and-random.ts'
import { ServiceError } from '../errors.ts'
import { encryptJwe } from '../jose/encrypt-jwe.ts'
import { signJws } from '../jose/jws.ts'
import type { RunRsa } from '../jose/rsa-queue.ts'
import type { SigningKeys } from '../keys/signing-keys.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { releaseRecipient } from '../merchant/release-recipient.ts'
import { parseJti } from '../protocol/jti.ts'
import { createPaymentCredentials } from '../protocol/payment-credentials.ts'
import type { Store } from '../store/contract.ts'
import { isLost, type Sealer } from '../store/sealed-records.ts'
import { shortHash } from '../telemetry/redact.ts'
import { traced, type Trace } from '../telemetry/trace.ts'
import {
  cardRecordName,
  openSecurityCode,
  takeSecurityCodeWrites,
  useTokenWrites,
} from '../session/card-vault.ts'
import { readCard } from '../session/read-card.ts'

/** What releasing a card needs. */
export interface GetPaymentCredentialsNeeds {
  readonly store: Pick<Store, 'get'>
  readonly sealer: Sealer
  readonly signingKeys: Pick<SigningKeys, 'active'>
  readonly trail: ReleaseTrail
  readonly now: Now
  readonly random: Random
  /** Two digits and the letter that goes with them in a jti. */
  readonly site: { readonly digits: string }
  readonly runRsa: RunRsa
  readonly audit: Audit
  readonly trace: Trace
}

/** One call for the card behind a token. */
export interface GetPaymentCredentialsCall {
  /** The jti of a transient token. */
  readonly reference: string
  /** The key id of the credential that signed the request. */
  readonly keyId: string
  readonly correlationId: string
}

/**
 * Releases a card to the merchant that owns it: a JWT that we signed, encrypted to the merchant's release certificate.
 *
 * The security code is in it at most once. Taking it, and the entry of the release, are one durable write: only then is
 * anything encrypted. Whatever fails afterwards, the code does not go out again.
 *
 * @throws ServiceError `RELEASE_NOT_ALLOWED`; `TOKEN_NOT_FOUND` for an unknown, an expired, a spent and another merchant's
 * token alike; `STORE_UNAVAILABLE` when the release cannot be recorded.
 */
export async function getPaymentCredentials(
  needs: GetPaymentCredentialsNeeds,
  merchant: Merchant,
  { reference: jti, keyId, correlationId }: GetPaymentCredentialsCall,
): Promise<string> {
  const { trace, now, random } = needs
  const recipient = traced(trace, 'find recipient', () => releaseRecipient(merchant, now))
  const card = await traced(trace, 'read card data', async () => {
    if (parseJti(jti) === undefined) throw new ServiceError('TOKEN_NOT_FOUND')
    return readCard(needs, merchant, jti)
  })
  const { kid } = recipient
  const jtiHash = shortHash(jti)
  const release = { correlationId, merchantId: merchant.id, keyId, kid, jtiHash }
  const taken = await traced(trace, 'take security code and record', () =>
    takeAndRecord(needs, { jti, uses: card.uses }, release),
  )
  await needs.audit.record({ event: 'card.released', ...describe(taken.appended) })
  const { securityCode } = taken
  const { cardData, expiresAt } = card
  const times = { issuedAt: epochSeconds(now), expiresAt }
  const site = needs.site.digits
  const claims = createPaymentCredentials({ site, ...times, jti, cardData, securityCode })
  return traced(trace, 'sign and encrypt', () =>
    needs.runRsa(async () =>
      encryptJwe(await signJws(needs.signingKeys.active, claims), recipient, (count) =>
        random.bytes(count),
      ),
    ),
  )
}

interface Taken {
  readonly appended: AppendedEntry
  readonly securityCode: string | undefined
}

async function takeAndRecord(
  needs: GetPaymentCredentialsNeeds,
  { jti, uses }: { readonly jti: string; readonly uses: number | undefined },
  release: Omit<Release, 'securityCode'>,
): Promise<Taken> {
  const { trail } = needs
  const use = useTokenWrites(jti, { uses })
  const securityCode = await readSecurityCode(needs, jti)
  if (securityCode !== undefined) {
    const writes = [...use, ...takeSecurityCodeWrites(jti)]
    const appended = await trail.append({ ...release, securityCode: true }, writes)
    if (appended !== undefined) return { appended, securityCode }
    // Another release has taken it meanwhile: this one goes on without.
  }
  const appended = await trail.append({ ...release, securityCode: false }, use)
  if (appended !== undefined) return { appended, securityCode: undefined }
  if (uses !== undefined) throw new ServiceError('TOKEN_NOT_FOUND')
  // No durable entry, no release.
  throw new ServiceError('STORE_UNAVAILABLE', { retryAfterSeconds: 1 })
}

async function readSecurityCode(
  { store, sealer }: GetPaymentCredentialsNeeds,
  jti: string,
): Promise<string | undefined> {
  const record = await store.get('security-code', cardRecordName(jti))
  const isThere = record !== undefined && record.value.length > 0 && !isLost(record, sealer)
  return isThere ? openSecurityCode(record, jti, sealer) : undefined
}

function describe({
  entry,
  hash,
}: AppendedEntry): Omit<Parameters<Audit['record']>[0], 'event'> & { readonly head: string } {
  const { correlationId, merchantId, kid, jtiHash, securityCode, chain, sequence } = entry
  const head = `${chain}:${sequence}:${hash}`
  return { correlationId, merchantId, kid, jtiHash, securityCode, head }
}

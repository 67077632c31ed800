import { createPublicKey } from 'node:crypto'
import { epochSeconds, type Now } from '../../clock-and-random.ts'
import { decodeJws, verifyJws } from '../../jose/jws.ts'
import type { SessionKeys } from '../../keys/session-keys.ts'
import type { Merchant } from '../../merchant/merchant.ts'
import { parseJti } from '../../protocol/jti.ts'
import { stringMember } from '../../protocol/parse.ts'
import { parseTransientToken } from '../../protocol/transient-token.ts'
import { cardRecordName, openCard, type StoredCard } from '../../session/card-vault.ts'
import type { Store } from '../../store/contract.ts'
import type { Sealer } from '../../store/sealed-records.ts'
import type { PaymentRequest } from './read-request.ts'
import { PaymentRefusal } from './refusal.ts'

/** What opening a transient token needs. */
export interface OpenTokenNeeds {
  readonly store: Pick<Store, 'get'>
  readonly sealer: Sealer
  readonly sessionKeys: SessionKeys
  readonly now: Now
}

/** A transient token that may be paid with. */
export interface OpenedToken {
  readonly jti: string
  readonly card: StoredCard
  /** How the signature was judged. */
  readonly signature: string
}

/**
 * Opens the transient token of a payment, given by its `jti`, as a JWT, or as both.
 *
 * @throws PaymentRefusal at `tokenInformation.jti`, whichever of both was sent, as the wire has it; `why` says more than
 * the wire does.
 */
export async function openToken(
  needs: OpenTokenNeeds,
  merchant: Merchant,
  { transientTokenJwt: jwt, jti }: Pick<PaymentRequest, 'transientTokenJwt' | 'jti'>,
): Promise<OpenedToken> {
  if (jwt === undefined && jti !== undefined) {
    const card = await openByJti(needs, merchant, jti)
    return { jti, card, signature: 'a jti has none' }
  }
  const verified = await verifyToken(needs, jwt ?? '')
  if (jti !== undefined && jti !== verified.jti)
    throw refuse('transientTokenJwt is not of this jti.')
  return { ...verified, card: await openByJti(needs, merchant, verified.jti) }
}

async function verifyToken(
  { sessionKeys, now }: OpenTokenNeeds,
  jwt: string,
): Promise<Omit<OpenedToken, 'card'>> {
  const jws = decodeJws(jwt)
  const token = jws && parseTransientToken(jws.claims)
  if (jws === undefined || token === undefined) throw refuse('It is not a transient token.')
  if (token.exp <= epochSeconds(now)) throw refuse(EXPIRED)
  const key = await sessionKeys.find(stringMember(jws.header, 'kid') ?? '')
  // The private half, and with it the public one, is erased when the last token of a session is issued.
  if (typeof key === 'string') return { jti: token.jti, signature: NOT_CHECKED }
  if (!verifyJws(jws, createPublicKey(key.privateKey))) {
    throw refuse('Its signature is not that of the session key that its kid names.')
  }
  return { jti: token.jti, signature: 'verified' }
}

const EXPIRED = 'It has expired: a transient token is good for 15 minutes.'
const NOT_CHECKED = 'not checked: the session key is gone, so the jti alone decided'

async function openByJti(
  { store, sealer, now }: OpenTokenNeeds,
  merchant: Merchant,
  jti: string,
): Promise<StoredCard> {
  const parsed = parseJti(jti)
  if (parsed === undefined) throw refuse('Its jti is not one: it was cut or changed.')
  if (parsed.expiresAt <= epochSeconds(now)) throw refuse(EXPIRED)
  const record = await store.get('card', cardRecordName(jti))
  if (record === undefined) throw refuse('Nothing is known of it here: it is of another service.')
  if (record.value.length === 0) throw refuseSpent()
  const card = openCard(record, jti, sealer)
  if (card.merchantId !== merchant.id) throw refuse('It belongs to another merchant.')
  return card
}

/** The refusal of a token that was used as often as it may be. */
export function refuseSpent(): PaymentRefusal {
  return refuse('It was used as often as usesPerToken lets it.')
}

function refuse(why: string): PaymentRefusal {
  return new PaymentRefusal('INVALID_DATA', ['tokenInformation.jti'], [why])
}

import { ServiceError } from '../errors.ts'
import type { Store } from '../store/contract.ts'
import { isLost, type Sealer } from '../store/sealed-records.ts'
import { cardRecordName, openCard, type StoredCard } from './card-vault.ts'

/** What reading a card needs. */
export interface ReadCardNeeds {
  readonly store: Pick<Store, 'get'>
  readonly sealer: Sealer
}

/**
 * Reads a merchant's card, without the security code.
 *
 * @throws ServiceError `TOKEN_NOT_FOUND` for an unknown, an expired, a spent and another merchant's token alike.
 */
export async function readCard(
  { store, sealer }: ReadCardNeeds,
  merchant: { readonly id: string },
  jti: string,
): Promise<StoredCard> {
  const record = await store.get('card', cardRecordName(jti))
  // One whose uses are spent is empty. Of a sealing key that was deleted nothing is left: the token is gone with it.
  const isThere = record !== undefined && record.value.length > 0 && !isLost(record, sealer)
  const card = isThere ? openCard(record, jti, sealer) : undefined
  if (card?.merchantId !== merchant.id) throw new ServiceError('TOKEN_NOT_FOUND')
  return card
}

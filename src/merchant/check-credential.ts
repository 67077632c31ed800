import { epochSeconds } from '../clock-and-random.ts'
import type { TimeNeeds } from './check-time.ts'
import type { Identity, Merchant } from './merchant.ts'
import { refuse } from './refusals.ts'

/** What finding the merchant that a request acts for needs. */
export interface FindMerchant {
  /** Finds a merchant by id; undefined when it is not there. */
  findMerchant(id: string): Promise<Merchant | undefined>
}

/**
 * Checks that a credential is still good.
 *
 * @throws ServiceError `AUTHENTICATION_FAILED` when it was revoked or has expired, or its owner is disabled.
 */
export function checkCredential({ credential, merchant }: Identity, { now }: TimeNeeds): void {
  const { keyId } = credential
  if (credential.revokedAt !== undefined) throw refuse('CREDENTIAL_REVOKED', { keyId })
  if (merchant.disabledAt !== undefined)
    throw refuse('MERCHANT_DISABLED', { merchantId: merchant.id })
  if (credential.kind !== 'shared-secret' && credential.notAfter <= epochSeconds(now)) {
    const expiredAt = new Date(credential.notAfter * 1000).toISOString()
    throw refuse('CERTIFICATE_EXPIRED', { keyId, expiredAt })
  }
}

/**
 * Finds the merchant that a request names: the credential's owner, or one that its meta key covers.
 *
 * @throws ServiceError `AUTHENTICATION_FAILED` when it is another's.
 */
export async function actFor(
  needs: FindMerchant,
  { credential, merchant }: Identity,
  merchantId: string | undefined,
): Promise<Merchant> {
  if (merchantId === merchant.id) return merchant
  const isCovered = merchantId !== undefined && credential.allows.merchants.includes(merchantId)
  const named = isCovered ? await needs.findMerchant(merchantId) : undefined
  if (named === undefined) throw refuse('OTHER_MERCHANT', { merchantId, keyId: credential.keyId })
  if (named.disabledAt !== undefined) throw refuse('MERCHANT_DISABLED', { merchantId })
  return named
}

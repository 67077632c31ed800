import type { Audit } from '../audit/audit.ts'
import { ServiceError } from '../errors.ts'
import { decodeJws } from '../jose/jws.ts'
import type { Merchant } from '../merchant/merchant.ts'
import { parseJti } from '../protocol/jti.ts'
import { stringMember } from '../protocol/parse.ts'
import { createPaymentDetails, type PaymentDetails } from '../protocol/payment-details.ts'
import type { Store } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { shortHash } from '../telemetry/redact.ts'
import { traced, type Trace } from '../telemetry/trace.ts'
import { readCard } from '../session/read-card.ts'

/** What reading details needs. */
export interface GetPaymentDetailsNeeds {
  readonly store: Pick<Store, 'get'>
  readonly sealer: Sealer
  readonly audit: Audit
  readonly trace: Trace
}

/** One call for the details of a token. */
export interface GetPaymentDetailsCall {
  /** The jti of a transient token, or the whole token. */
  readonly reference: string
  readonly correlationId: string
}

/**
 * Reads back what was captured under a transient token, the number masked and without the security code.
 *
 * A whole token serves by its jti alone, which nobody can guess: its signature, made with a session key that may be gone,
 * is not verified.
 *
 * @throws ServiceError `TOKEN_NOT_FOUND` for an unknown, an expired, a spent and another merchant's token alike.
 */
export async function getPaymentDetails(
  needs: GetPaymentDetailsNeeds,
  merchant: Merchant,
  { reference, correlationId }: GetPaymentDetailsCall,
): Promise<PaymentDetails> {
  const { trace } = needs
  const jti = traced(trace, 'read reference', () => readReference(reference))
  const { cardData } = await traced(trace, 'read card data', () => readCard(needs, merchant, jti))
  const jtiHash = shortHash(jti)
  await needs.audit.record({
    event: 'details.read',
    correlationId,
    merchantId: merchant.id,
    jtiHash,
  })
  return createPaymentDetails(cardData)
}

function readReference(reference: string): string {
  const jti = reference.includes('.') ? jtiOfToken(reference) : reference
  if (jti === undefined || parseJti(jti) === undefined) throw new ServiceError('TOKEN_NOT_FOUND')
  return jti
}

function jtiOfToken(token: string): string | undefined {
  const jws = decodeJws(token)
  return jws === undefined ? undefined : stringMember(jws.claims, 'jti')
}

import type { Audit } from '../../audit/audit.ts'
import type { Random } from '../../clock-and-random.ts'
import type { Reply } from '../../http/reply.ts'
import type { Merchant } from '../../merchant/merchant.ts'
import { checkCardData } from '../../protocol/card-data-rules.ts'
import type { CardData, FieldPath } from '../../protocol/field-catalogue.ts'
import { cardRecordName, useTokenWrites, type StoredCard } from '../../session/card-vault.ts'
import type { Store, Write } from '../../store/contract.ts'
import { shortHash } from '../../telemetry/redact.ts'
import { openToken, refuseSpent, type OpenTokenNeeds } from './open-token.ts'
import { outcomeOf } from './outcomes.ts'
import { readPaymentRequest, type PaymentRequest } from './read-request.ts'
import { PaymentRefusal } from './refusal.ts'
import { replyPayment, replyRefusal, type ReplyMaker } from './reply.ts'

/** What simulating a payment needs. */
export interface CreatePaymentNeeds extends OpenTokenNeeds {
  readonly store: Pick<Store, 'get' | 'write'>
  readonly audit: Audit
  readonly random: Random
  /** See {@link validateCardData}; a number of the request's own is checked so too. */
  checkNumber(pan: string): string | undefined
}

/** One request of a payment. */
export interface CreatePaymentCall {
  readonly body: Buffer
  readonly correlationId: string
}

/**
 * Simulates a payment with a transient token: it is checked as a gateway would, its values lie under those of the request,
 * and the amount decides the outcome. No money moves. The security code is gone afterwards, as after any first use.
 */
export async function createPayment(
  needs: CreatePaymentNeeds,
  merchant: Merchant,
  call: CreatePaymentCall,
): Promise<Reply> {
  const made = { now: needs.now(), random: needs.random }
  try {
    return await pay(needs, merchant, { ...call, made })
  } catch (thrown) {
    if (thrown instanceof PaymentRefusal) return replyRefusal(made, thrown)
    throw thrown
  }
}

async function pay(
  needs: CreatePaymentNeeds,
  merchant: Merchant,
  { body, correlationId, made }: CreatePaymentCall & { readonly made: ReplyMaker },
): Promise<Reply> {
  const request = readPaymentRequest(body)
  if (request.transientTokenJwt === undefined && request.jti === undefined) throw noToken(request)
  const { jti, card, signature } = await openToken(needs, merchant, request)
  const { cardData } = card
  const values = new Map([...cardData, ...request.values])
  checkComplete(values)
  checkValues(needs, values)
  const outcome = outcomeOf(values.get(AMOUNT) ?? '')
  const hadSecurityCode = outcome.httpStatus === 201 && (await useToken(needs, jti, card))
  const { status: reason } = outcome
  const entry = { correlationId, merchantId: merchant.id, jtiHash: shortHash(jti), reason }
  await needs.audit.record({ event: 'payment.simulated', ...entry })
  return replyPayment(made, {
    outcome,
    values,
    hasSecurityCode: hadSecurityCode || request.values.has(SECURITY_CODE),
    clientReferenceInformation: request.clientReferenceInformation,
    explanation: { signature, overridden: overriddenIn(cardData, request.values) },
  })
}

const NUMBER = 'paymentInformation.card.number'
const SECURITY_CODE = 'paymentInformation.card.securityCode'
const AMOUNT = 'orderInformation.amountDetails.totalAmount'
const CURRENCY = 'orderInformation.amountDetails.currency'

function missingOf(values: CardData, fields: readonly FieldPath[]): readonly FieldPath[] {
  return fields.filter((field) => !values.has(field))
}

function noToken({ values }: PaymentRequest): PaymentRefusal {
  const fields = ['tokenInformation.jti', ...missingOf(values, [AMOUNT, CURRENCY])]
  const why = 'The emulator pays with transient tokens only: send transientTokenJwt or jti.'
  return new PaymentRefusal('MISSING_FIELD', fields, [why])
}

function checkComplete(values: CardData): void {
  const fields = missingOf(values, [NUMBER, AMOUNT, CURRENCY])
  if (fields.length === 0) return
  const why = 'Neither the request nor what was captured under the token has them.'
  throw new PaymentRefusal('MISSING_FIELD', fields, [why])
}

function checkValues({ now, checkNumber }: CreatePaymentNeeds, values: CardData): void {
  const found = checkCardData(values, now())
  const refused = checkNumber(values.get(NUMBER) ?? '')
  const faults = [
    ...found,
    ...(refused === undefined || found.some(({ path }) => path === NUMBER)
      ? []
      : [{ path: NUMBER, message: refused }]),
  ]
  if (faults.length === 0) return
  const why = faults.map(({ path, message }) => `${path}: ${message}.`)
  throw new PaymentRefusal(
    'INVALID_DATA',
    faults.map(({ path }) => path),
    why,
  )
}

/** Counts a use of a token and destroys its security code; tells whether there was one. Throws PaymentRefusal. */
async function useToken(
  { store }: Pick<CreatePaymentNeeds, 'store'>,
  jti: string,
  card: StoredCard,
): Promise<boolean> {
  const code = { kind: 'security-code', name: cardRecordName(jti) } as const
  const hadCode = (await store.get(code.kind, code.name)) !== undefined
  const writes: readonly Write[] = [
    ...useTokenWrites(jti, card),
    ...(hadCode ? [{ op: 'delete', ...code } as const] : []),
  ]
  if (writes.length > 0 && !(await store.write(writes))) throw refuseSpent()
  return hadCode
}

/** The fields that both have, with different values. */
function overriddenIn(captured: CardData, given: CardData): readonly FieldPath[] {
  return [...given.keys()].filter(
    (path) => captured.has(path) && captured.get(path) !== given.get(path),
  )
}

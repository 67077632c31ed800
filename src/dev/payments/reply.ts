import type { Random } from '../../clock-and-random.ts'
import { binOf } from '../../card/pan.ts'
import { networksOf } from '../../card/network.ts'
import type { Reply } from '../../http/reply.ts'
import type { CardData } from '../../protocol/field-catalogue.ts'
import type { JsonObject } from '../../protocol/parse.ts'
import type { Outcome } from './outcomes.ts'
import { REFUSED, type PaymentRefusal } from './refusal.ts'

/** What every reply says of itself, so that nobody takes it for a payment. */
const STUB = {
  stub: true,
  message: 'Simulated by the emulator: no money moves, and no processor or bank was asked.',
} as const

/** What replies are made with. */
export interface ReplyMaker {
  readonly now: Date
  readonly random: Random
}

/** A payment whose outcome is known. */
export interface Payment {
  readonly outcome: Outcome
  /** The values that count: those of the token under those of the request. */
  readonly values: CardData
  readonly hasSecurityCode: boolean
  readonly clientReferenceInformation: Readonly<Record<string, string>>
  /** For developers: how the token was judged, which values were overridden. */
  readonly explanation: JsonObject
}

/** Answers a payment by its outcome. The number is shown as its first six and last four digits. */
export function replyPayment(made: ReplyMaker, payment: Payment): Reply {
  const { outcome, clientReferenceInformation } = payment
  const { httpStatus, status, reason, message } = outcome
  const coatcheck = { ...STUB, ...payment.explanation }
  const head = { ...headOf(made), status }
  if (httpStatus !== 201) {
    const details = httpStatus === 400 ? { details: [] } : {}
    return toReply(httpStatus, { ...head, reason, message, ...details, coatcheck })
  }
  return toReply(httpStatus, {
    ...head,
    reconciliationId: digits(made.random, 10),
    clientReferenceInformation,
    ...(reason === undefined ? {} : { errorInformation: { reason, message } }),
    orderInformation: { amountDetails: amountDetailsOf(payment) },
    ...cardMembers(payment.values),
    processorInformation: processorInformationOf(made, payment),
    coatcheck,
  })
}

/** Answers a request that has faults. */
export function replyRefusal(made: ReplyMaker, refusal: PaymentRefusal): Reply {
  const { reason, details, why } = refusal
  const message = REFUSED[reason]
  const coatcheck = { ...STUB, ...(why.length === 0 ? {} : { why }) }
  const status = 'INVALID_REQUEST'
  return toReply(400, { ...headOf(made), status, reason, message, details, coatcheck })
}

function toReply(status: number, body: object): Reply {
  return { status, contentType: 'application/json', body: JSON.stringify(body) }
}

// 22 digits that begin with the time, and a time without milliseconds, as the wire has both.
function headOf({ now, random }: ReplyMaker): {
  readonly id: string
  readonly submitTimeUtc: string
} {
  const id = `${now.getTime()}${digits(random, 22)}`.slice(0, 22)
  return { id, submitTimeUtc: now.toISOString().replace(/\.[0-9]+Z$/, 'Z') }
}

function digits(random: Random, count: number): string {
  return [...random.bytes(count)].map((byte) => String(byte % 10)).join('')
}

function isAuthorized({ status }: Outcome): boolean {
  return status.startsWith('AUTHORIZED') || status === 'PARTIAL_AUTHORIZED'
}

function amountDetailsOf({ outcome, values }: Payment): object {
  const totalAmount = values.get('orderInformation.amountDetails.totalAmount')
  const currency = values.get('orderInformation.amountDetails.currency')
  const authorizedAmount = outcome.authorizes ?? totalAmount
  return isAuthorized(outcome)
    ? { totalAmount, authorizedAmount, currency }
    : { totalAmount, currency }
}

function cardMembers(values: CardData): object {
  const pan = values.get('paymentInformation.card.number') ?? ''
  const [network] = networksOf(pan)
  const type = values.get('paymentInformation.card.type') ?? network?.code
  const card = {
    type,
    prefix: binOf(pan, 6),
    suffix: pan.slice(-4),
    expirationMonth: values.get('paymentInformation.card.expirationMonth'),
    expirationYear: values.get('paymentInformation.card.expirationYear'),
  }
  return {
    paymentAccountInformation: { card: { type } },
    paymentInformation: { bin: card.prefix, card, tokenizedCard: { type } },
  }
}

function processorInformationOf({ random }: ReplyMaker, payment: Payment): object {
  const { outcome, values, hasSecurityCode } = payment
  const transactionId = digits(random, 15)
  const approvalCode = isAuthorized(outcome) ? { approvalCode: digits(random, 6) } : {}
  const resultCode = outcome.cvnCode ?? (hasSecurityCode ? 'M' : undefined)
  const hasAddress =
    values.has('orderInformation.billTo.address1') ||
    values.has('orderInformation.billTo.postalCode')
  return {
    ...approvalCode,
    transactionId,
    networkTransactionId: transactionId,
    responseCode: outcome.responseCode,
    avs: { code: outcome.avsCode ?? (hasAddress ? 'Y' : 'U') },
    ...(resultCode === undefined ? {} : { cardVerification: { resultCode } }),
  }
}

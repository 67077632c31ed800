import type { Schema } from '../../http/schemas.ts'
import { FIELD_PATHS } from '../../protocol/field-catalogue.ts'
import { AUTHORIZED, OUTCOMES } from './outcomes.ts'
import { REFUSED } from './refusal.ts'

// Schemas document the route; readPaymentRequest decides what is accepted.

const TEXT: Schema = { type: 'string' }

/** The body of a payment. */
export const PAYMENT_REQUEST: Schema = branch(
  {
    clientReferenceInformation: branch({ code: TEXT }),
    tokenInformation: {
      ...branch({
        jti: { ...TEXT, description: 'The jti of a transient token.' },
        transientTokenJwt: { ...TEXT, description: 'A transient token, whole.' },
      }),
      anyOf: [{ required: ['jti'] }, { required: ['transientTokenJwt'] }],
    },
    paymentInformation: {
      ...branch({ card: leavesOf('paymentInformation.card') }),
      description: 'Wins over what was captured.',
    },
    orderInformation: {
      ...branch({
        amountDetails: leavesOf('orderInformation.amountDetails'),
        billTo: leavesOf('orderInformation.billTo'),
        shipTo: leavesOf('orderInformation.shipTo'),
      }),
      description:
        'Wins over what was captured. An amount and a currency must come from one of both.',
    },
  },
  ['tokenInformation'],
)

const STUB: Schema = branch({ stub: { const: true }, message: TEXT }, ['stub', 'message'])
const HEAD = { id: TEXT, submitTimeUtc: { ...TEXT, format: 'date-time' } }

/** The reply to a payment that was decided on. */
export const PAYMENT_REPLY: Schema = branch(
  {
    ...HEAD,
    status: { enum: statusesOf(201) },
    reconciliationId: TEXT,
    clientReferenceInformation: branch({ code: TEXT }),
    errorInformation: branch({ reason: TEXT, message: TEXT }),
    orderInformation: branch({
      amountDetails: branch({ totalAmount: TEXT, authorizedAmount: TEXT, currency: TEXT }),
    }),
    paymentAccountInformation: branch({ card: branch({ type: TEXT }) }),
    paymentInformation: branch({
      bin: TEXT,
      card: branch({
        type: TEXT,
        prefix: TEXT,
        suffix: TEXT,
        expirationMonth: TEXT,
        expirationYear: TEXT,
      }),
      tokenizedCard: branch({ type: TEXT }),
    }),
    processorInformation: branch({
      approvalCode: TEXT,
      transactionId: TEXT,
      networkTransactionId: TEXT,
      responseCode: TEXT,
      avs: branch({ code: TEXT }),
      cardVerification: branch({ resultCode: TEXT }),
    }),
    coatcheck: STUB,
  },
  ['id', 'submitTimeUtc', 'status', 'orderInformation', 'coatcheck'],
)

/** The bodies of payments that were not decided on, by status. */
export const PAYMENT_ERRORS: Readonly<Record<number, Schema>> = {
  400: errorBody(400, [...Object.keys(REFUSED), ...reasonsOf(400)]),
  502: errorBody(502, reasonsOf(502)),
}

function errorBody(httpStatus: number, reasons: readonly string[]): Schema {
  const fault = branch({ field: TEXT, reason: TEXT }, ['field', 'reason'])
  const members = {
    ...HEAD,
    status: { enum: statusesOf(httpStatus) },
    reason: { enum: reasons },
    message: TEXT,
  }
  const details = httpStatus === 400 ? { details: { type: 'array', items: fault } } : {}
  const properties = { ...members, ...details, coatcheck: STUB }
  return branch(properties, Object.keys(properties))
}

function statusesOf(httpStatus: number): readonly string[] {
  const statuses = outcomesOf(httpStatus).map(({ status }) => status)
  return [...new Set(statuses)]
}

function reasonsOf(httpStatus: number): readonly string[] {
  return outcomesOf(httpStatus).flatMap(({ reason }) => reason ?? [])
}

function outcomesOf(httpStatus: number): readonly (typeof AUTHORIZED)[] {
  return [AUTHORIZED, ...Object.values(OUTCOMES)].filter((each) => each.httpStatus === httpStatus)
}

function leavesOf(prefix: string): Schema {
  const names = FIELD_PATHS.filter((path) => path.startsWith(`${prefix}.`))
  return branch(Object.fromEntries(names.map((path) => [path.slice(prefix.length + 1), TEXT])))
}

function branch(
  properties: Readonly<Record<string, Schema>>,
  required: readonly string[] = [],
): Schema {
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) }
}

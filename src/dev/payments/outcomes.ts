/** What becomes of a payment. */
export interface Outcome {
  readonly httpStatus: 201 | 400 | 502
  readonly status: string
  /** Default is that there is none: all is well. */
  readonly reason?: string
  readonly message?: string
  /** What the processor would say; payments that reach it only. */
  readonly responseCode?: string
  /** What is authorised of the amount. Default is all of it where the status begins with AUTHORIZED, else nothing. */
  readonly authorizes?: string
  /** How the address compares. Default is well, where there is one. */
  readonly avsCode?: string
  /** How the security code compares. Default is well, where there is one. */
  readonly cvnCode?: string
}

/** The outcome of every amount that is not in the table. */
export const AUTHORIZED: Outcome = { httpStatus: 201, status: 'AUTHORIZED', responseCode: '00' }

const DECLINED = { httpStatus: 201, status: 'DECLINED' } as const
const SERVER_ERROR = { httpStatus: 502, status: 'SERVER_ERROR' } as const

/** Whole amounts, in any currency, with an outcome of their own: what the emulator answers and docs/payments.md lists. */
export const OUTCOMES: Readonly<Record<string, Outcome>> = {
  2001: {
    ...DECLINED,
    reason: 'PROCESSOR_DECLINED',
    message: 'Decline - General decline of the card.',
    responseCode: '05',
  },
  2002: {
    ...DECLINED,
    reason: 'INSUFFICIENT_FUND',
    message: 'Decline - Insufficient funds in the account.',
    responseCode: '51',
  },
  2003: {
    ...DECLINED,
    reason: 'EXPIRED_CARD',
    message: 'Decline - Expired card.',
    responseCode: '54',
  },
  2004: {
    ...DECLINED,
    reason: 'STOLEN_LOST_CARD',
    message: 'Decline - Stolen or lost card.',
    responseCode: '43',
  },
  2005: {
    ...DECLINED,
    reason: 'EXCEEDS_CREDIT_LIMIT',
    message: 'Decline - The card has reached the credit limit.',
    responseCode: '61',
  },
  2006: {
    ...DECLINED,
    reason: 'CVN_NOT_MATCH',
    message: 'Decline - The security code does not match.',
    responseCode: 'N7',
    cvnCode: 'N',
  },
  2007: {
    ...DECLINED,
    reason: 'ISSUER_UNAVAILABLE',
    message: 'Decline - The issuing bank is unavailable.',
    responseCode: '91',
  },
  2008: {
    ...DECLINED,
    reason: 'CONTACT_PROCESSOR',
    message: 'Decline - The issuing bank has questions about the request.',
    responseCode: '01',
  },
  2009: {
    httpStatus: 201,
    status: 'AUTHORIZED_RISK_DECLINED',
    reason: 'AVS_FAILED',
    message: 'Soft decline - The address does not match.',
    responseCode: '00',
    avsCode: 'N',
  },
  2010: {
    httpStatus: 201,
    status: 'AUTHORIZED_PENDING_REVIEW',
    reason: 'DECISION_PROFILE_REVIEW',
    message: 'The order is marked for review.',
    responseCode: '00',
  },
  2011: {
    httpStatus: 201,
    status: 'PARTIAL_AUTHORIZED',
    responseCode: '10',
    authorizes: '1000',
  },
  2401: {
    httpStatus: 400,
    status: 'INVALID_REQUEST',
    reason: 'DUPLICATE_REQUEST',
    message: 'Declined - The merchant reference code was used a moment ago.',
  },
  2402: {
    httpStatus: 400,
    status: 'INVALID_REQUEST',
    reason: 'CARD_TYPE_NOT_ACCEPTED',
    message: 'Declined - The card type is not accepted by the payment processor.',
  },
  2403: {
    httpStatus: 400,
    status: 'INVALID_REQUEST',
    reason: 'PROCESSOR_UNAVAILABLE',
    message: 'Declined - The payment processor is unavailable.',
  },
  2501: {
    ...SERVER_ERROR,
    reason: 'SYSTEM_ERROR',
    message: 'Error - General system failure.',
  },
  2502: {
    ...SERVER_ERROR,
    reason: 'SERVER_TIMEOUT',
    message: 'Error - The request was received but there was a server timeout.',
  },
  2503: {
    ...SERVER_ERROR,
    reason: 'SERVICE_TIMEOUT',
    message: 'Error - The request was received, but a service did not finish in time.',
  },
}

const WHOLE = /^0*([0-9]+?)(?:\.0*)?$/

/** Finds the outcome of an amount, a decimal text. */
export function outcomeOf(amount: string): Outcome {
  const [, whole = ''] = WHOLE.exec(amount) ?? []
  return (Object.hasOwn(OUTCOMES, whole) ? OUTCOMES[whole] : undefined) ?? AUTHORIZED
}

/** Every reason for which a request of a payment is refused before any outcome, with its message on the wire. */
export const REFUSED = {
  MISSING_FIELD: 'Declined - The request is missing one or more fields',
  INVALID_DATA: 'Declined - One or more fields in the request contains invalid data',
} as const

/** One field at fault, as payments name it. */
export interface FieldFault {
  /** A dotted path. */
  readonly field: string
  readonly reason: keyof typeof REFUSED
}

/** The refusal of a request that has faults, all of one reason. */
export class PaymentRefusal extends Error {
  override readonly name = 'PaymentRefusal'
  readonly reason: keyof typeof REFUSED
  readonly details: readonly FieldFault[]
  /** Why, for developers, in sentences. Holds nothing of the request. */
  readonly why: readonly string[]

  constructor(
    reason: keyof typeof REFUSED,
    fields: readonly string[],
    why: readonly string[] = [],
  ) {
    super(REFUSED[reason])
    this.reason = reason
    this.details = fields.map((field) => ({ field, reason }))
    this.why = why
  }
}

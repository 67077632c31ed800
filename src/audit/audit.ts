/** Something that must be accounted for. No card data, no secret, no whole token. */
export interface AuditEntry {
  readonly event:
    | 'session.opened'
    | 'token.issued'
    | 'token.refused'
    | 'details.read'
    | 'card.released'
    | 'payment.simulated'
  readonly correlationId: string
  /** Undefined where the caller is anonymous. */
  readonly merchantId?: string | undefined
  /** The kid of the session's key; of a release, that of the certificate. */
  readonly kid?: string | undefined
  /** See {@link shortHash}. */
  readonly jtiHash?: string | undefined
  /** An error code. */
  readonly reason?: string | undefined
  /** Whether a security code went out. */
  readonly securityCode?: boolean
  /** The head of the chain of releases with this entry, as `coatcheck audit verify --head` takes it. */
  readonly head?: string
}

/** The audit trail. */
export interface Audit {
  /** Resolves when the entry is kept; what it speaks of must not be done, or answered, before. */
  record(entry: AuditEntry): Promise<void>
}

/** Where a logged audit trail is written. */
interface AuditLog {
  info(message: string, fields: Readonly<Record<string, unknown>>): void
}

/** Makes an audit trail that is written to the log. */
export function createLoggedAudit(logger: AuditLog): Audit {
  return {
    record: async (entry) => logger.info('audit', { audit: entry }),
  }
}

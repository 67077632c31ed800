/** What a limit is counted for. */
export interface Caller {
  /** Undefined for anonymous callers. */
  readonly merchantId?: string
  /** The address of the connection, or what a configured proxy says of it. */
  readonly address: string
}

/** Decides who may go on. */
export interface Limits {
  /** Resolves when the caller may go on. Rejects with ServiceError `RATE_LIMITED` when not. */
  admit(operation: string, caller: Caller): Promise<void>
}

/** Lets everybody go on: sessions are limited by the key pool, token attempts by each session's counters. */
export const unlimited: Limits = { admit: () => Promise.resolve() }

/**
 * Every kind of record, and how long it matters: `lasting` records are backed up, `passing` ones live for minutes to a
 * day, in a file (schema, database) of their own that backups leave out.
 */
export const KINDS = {
  'sealing-key': 'lasting',
  // Not sealed: it says how the root key is split, before there is one.
  'root-key-shares': 'lasting',
  'signing-key': 'lasting',
  'mle-key': 'lasting',
  'audit-key': 'lasting',
  merchant: 'lasting',
  credential: 'lasting',
  certificate: 'lasting',
  'first-keys': 'lasting',
  'pool-key': 'passing',
  'rotated-pool-key': 'passing',
  'session-key': 'passing',
  'rotated-key': 'passing',
  'session-use': 'passing',
  card: 'passing',
  'security-code': 'passing',
  'jwt-id': 'passing',
  // Written to see whether the store takes writes.
  probe: 'passing',
  // It stays; it lies with the cards because the security code and its entry go and come in one batch.
  release: 'passing',
  'release-head': 'passing',
} as const satisfies Record<string, 'lasting' | 'passing'>

/** The name of a kind of record. */
export type Kind = keyof typeof KINDS

/** The counters that every record has; they start at 0. */
export const COUNTERS = ['issued', 'opened', 'failed'] as const

/** The name of a counter. */
export type Counter = (typeof COUNTERS)[number]

/** The counters to count, and how far each may go. */
export type CountLimits = Readonly<Partial<Record<Counter, number>>>

/** One record as it is stored. Sealed values are opened by {@link openRecord}, never here. */
export interface StoredRecord {
  readonly name: string
  /** Seconds since the epoch; undefined means that it does not expire. */
  readonly expiresAt: number | undefined
  /** Empty once the record is spent. */
  readonly value: Buffer
  readonly counts: Readonly<Record<Counter, number>>
}

interface PutWrite {
  readonly kind: Kind
  readonly name: string
  readonly expiresAt: number | undefined
  readonly value: Buffer
}

/**
 * One change. `put-new`, `replace` and `count` are guards: when one is refused, nothing of its batch is written.
 *
 * - `put` replaces what is there, counters included.
 * - `put-new` is refused when a record of this name is there.
 * - `replace` is refused unless the record that is there has exactly the value `previous`; its counters start anew.
 * - `ensure` does nothing when a record of this name is there.
 * - `count` adds one to each counter that `limits` names; it is refused when the record is absent or spent, or one of
 *   them has reached its limit. A count that reaches a limit makes the record spent: its value is erased, its counters
 *   stay until it expires.
 * - `delete` does nothing when the record is absent.
 */
export type Write =
  | ({ readonly op: 'put' | 'put-new' | 'ensure' } & PutWrite)
  | ({ readonly op: 'replace'; readonly previous: Buffer } & PutWrite)
  | {
      readonly op: 'count'
      readonly kind: Kind
      readonly name: string
      readonly limits: CountLimits
    }
  | { readonly op: 'delete'; readonly kind: Kind; readonly name: string }

/** What claimed records become. */
export interface Claimed {
  readonly kind: Kind
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/** How many live records a kind has, and when the first of them expires. */
export interface Depth {
  readonly count: number
  /** Seconds since the epoch; undefined when there is none. */
  readonly earliestExpiry: number | undefined
}

/**
 * Where everything is kept. A record past its `expiresAt` is gone for every operation, at that very second, whether it
 * was purged or not. Every method rejects with ServiceError `STORE_UNAVAILABLE` when the engine fails.
 */
export interface Store {
  /** Reads one record; undefined when it is absent or has expired. */
  get(kind: Kind, name: string): Promise<StoredRecord | undefined>
  /** Reads every live record of a kind, oldest first. */
  list(kind: Kind): Promise<readonly StoredRecord[]>
  /** Counts the live records of a kind. */
  depth(kind: Kind): Promise<Depth>
  /**
   * Writes all of a batch or nothing, durably: when it resolves to true, a crash loses nothing. False means that a guard
   * was refused. All writes of a batch must be of one lifetime.
   */
  write(batch: readonly Write[]): Promise<boolean>
  /** Removes up to `limit` of the oldest live records of a kind, durably, and returns them; nobody else gets them. */
  take(kind: Kind, limit: number): Promise<readonly StoredRecord[]>
  /**
   * Turns up to `limit` of the oldest live records of a kind into records of another kind that expire at another time,
   * durably, and returns them; nobody else gets them. Name, value, counters and age stay. A record whose name the other
   * kind has already stays what it is. Both kinds must be of one lifetime.
   */
  claim(kind: Kind, limit: number, as: Claimed): Promise<readonly StoredRecord[]>
  /** Deletes expired records; housekeeping only. Resolves to how many there were. */
  purge(): Promise<number>
  /** Finishes what was begun and lets go of the engine. */
  close(): Promise<void>
}

/** What a store was made for. A store of one mode is refused by the other. */
export type Mode = 'dev' | 'serve'

import type { OperatorError } from '../errors.ts'
import type { Store } from './contract.ts'

/** What a database says of itself. Nothing of it is judged here but what `serve` would refuse. */
export interface DatabaseFacts {
  /** Where it is, without what gives access to it. */
  readonly place: string
  /** Such as `PostgreSQL 18`. */
  readonly product: string
  readonly roundTripMilliseconds: number
  /** How far its clock is before ours; negative when it is behind. */
  readonly aheadMilliseconds: number
  readonly connections: { readonly used: number; readonly limit: number }
  /** Whether a store was made there. */
  readonly isMade: boolean
  /** Whether its schema is the one of this program. */
  readonly isCurrent: boolean
  /** Why `serve` would not open it. */
  readonly refusal: OperatorError | undefined
}

/** A database that was looked at. */
export interface Inspected {
  readonly facts: DatabaseFacts
  /** Opened as it is, for reading; undefined when there is nothing that this program can read. */
  readonly store: Store | undefined
}

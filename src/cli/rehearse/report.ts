import type { WayName } from './ways.ts'

/** What is tried in every way. */
export const OPERATIONS = ['session', 'details', 'payment'] as const

/** The name of an operation. */
export type OperationName = (typeof OPERATIONS)[number]

/** How an operation went in one way. */
export interface Cell {
  /** `skipped` is no fault: there was nothing to try, or nothing to try it with. */
  readonly state: 'works' | 'fails' | 'skipped'
  /** Why it fails or was skipped, or what is remarkable, in words. */
  readonly message?: string
  readonly reason?: string
  /** HTTP status. */
  readonly status?: number
  readonly correlationId?: string
  /** What to change. */
  readonly fix?: string
}

/** How one way went. */
export interface Row {
  readonly way: WayName
  readonly title: string
  readonly state: 'ready' | 'not ready' | 'not configured'
  /** What is lacking, where it is not configured. */
  readonly lacking?: string
  /** Empty where it is not configured. */
  readonly operations: Readonly<Partial<Record<OperationName, Cell>>>
}

/** What a rehearsal came to. */
export interface Report {
  /** Whether everything works that is configured. */
  readonly ready: boolean
  readonly url: string
  readonly merchantId: string
  readonly rows: readonly Row[]
  /** Why there was no transient token to read back and pay with. Default is that there was one. */
  readonly tokenProblem?: Cell
}

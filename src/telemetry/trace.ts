/** One step of an action and how it went. Holds no card data, no secret, no token. */
export interface TraceStep {
  /** What was done, such as `decrypt`; the names are those of the flow in docs/architecture.md. */
  readonly step: string
  readonly outcome: 'passed' | 'refused'
  /** Why a step was refused: an error code or a reason of merchant authentication. */
  readonly reason?: string
}

/** Receives every step of an action, in order. Must not throw. */
export type Trace = (step: TraceStep) => void

/** Keeps nothing: what `serve` uses. */
export const noTrace: Trace = () => {}

import { ServiceError } from '../errors.ts'

/** One step of an action and how it went. Holds no card data, no secret, no token. */
export interface TraceStep {
  /** What was done, such as `decrypt`; the steps are those of docs/architecture.md. */
  readonly step: string
  readonly outcome: 'passed' | 'refused'
  /** The error's code, where the step was refused. */
  readonly reason?: string
}

/** Receives every step of an action, in order. Must not throw. */
export type Trace = (step: TraceStep) => void

/** Keeps nothing: what `serve` uses. */
export const noTrace: Trace = () => {}

/** Runs one step of an action and reports how it went; what it throws is passed on. */
export async function traced<Result>(
  trace: Trace,
  step: string,
  run: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    const result = await run()
    trace({ step, outcome: 'passed' })
    return result
  } catch (error) {
    const reason = error instanceof ServiceError ? error.code : 'INTERNAL_ERROR'
    trace({ step, outcome: 'refused', reason })
    throw error
  }
}

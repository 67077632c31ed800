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

/** Runs one step of an action and reports how it went, once it is settled; what it throws is passed on. */
export function traced<Result>(trace: Trace, step: string, run: () => Result): Result {
  if (trace === noTrace) return run()
  try {
    const result = run()
    if (result instanceof Promise) result.then(passed, refused)
    else passed()
    return result
  } catch (error) {
    refused(error)
    throw error
  }

  function passed(): void {
    trace({ step, outcome: 'passed' })
  }

  function refused(error: unknown): void {
    const reason = error instanceof ServiceError ? error.code : 'INTERNAL_ERROR'
    trace({ step, outcome: 'refused', reason })
  }
}

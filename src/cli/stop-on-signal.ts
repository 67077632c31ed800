import { EXIT } from './print.ts'

const LONGEST_STOP_MILLISECONDS = 15_000

/** The signals that stop a service. */
export type StopSignal = 'SIGTERM' | 'SIGINT'

interface Patience {
  /** How long after SIGTERM stopping begins; SIGINT, also a later one, begins it at once. Default is 0. */
  readonly drainMilliseconds?: number
  /** How long stopping may take. Default is 15 seconds. */
  readonly longestMilliseconds?: number
}

/** Stops once on SIGTERM or SIGINT and exits with 0; with 1 when stopping fails or takes too long. */
export function stopOnSignal(
  stop: (signal: StopSignal) => Promise<void>,
  { drainMilliseconds = 0, longestMilliseconds = LONGEST_STOP_MILLISECONDS }: Patience = {},
): void {
  let stopping = false
  let draining: NodeJS.Timeout | undefined
  const begin = (signal: StopSignal): void => {
    clearTimeout(draining)
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(EXIT.problem), longestMilliseconds).unref()
    stop(signal).then(
      () => process.exit(EXIT.done),
      (error: unknown) => {
        console.error(error)
        process.exit(EXIT.problem)
      },
    )
  }
  process.on('SIGTERM', () => {
    if (drainMilliseconds === 0) begin('SIGTERM')
    // A service manager sends it to the whole group, and the primary once more to its workers.
    else draining ??= setTimeout(begin, drainMilliseconds, 'SIGTERM')
  })
  process.on('SIGINT', () => begin('SIGINT'))
}

/** The longest that a process may take to stop whose children drain before they do. */
export function longestAfterDrain(drainMilliseconds: number): number {
  return drainMilliseconds + LONGEST_STOP_MILLISECONDS
}

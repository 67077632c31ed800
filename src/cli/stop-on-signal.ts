import { EXIT } from './print.ts'

const LONGEST_STOP_MILLISECONDS = 15_000

/** Stops once on SIGTERM or SIGINT and exits with 0; with 1 when stopping fails or takes longer than 15 seconds. */
export function stopOnSignal(stop: () => Promise<void>): void {
  let stopping = false
  const onSignal = (): void => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(EXIT.problem), LONGEST_STOP_MILLISECONDS).unref()
    stop().then(
      () => process.exit(EXIT.done),
      (error: unknown) => {
        console.error(error)
        process.exit(EXIT.problem)
      },
    )
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

import type { Logger } from '../telemetry/logger.ts'
import type { DevClock } from './clock.ts'

const EVERY_MILLISECONDS = 60_000

/** Warns in the log of a clock that is not the machine's: at once, at every change, and once a minute. Returns what ends that. */
export function announceClock(clock: DevClock, logger: Pick<Logger, 'info' | 'warn'>): () => void {
  let warned = false

  function warn(): void {
    const { warning } = clock.state()
    if (warning !== null) logger.warn(warning)
    else if (warned) logger.info("The clock is the machine's again.")
    warned = warning !== null
  }

  warn()
  const end = clock.onChange(warn)
  const timer = setInterval(() => {
    if (warned) warn()
  }, EVERY_MILLISECONDS)
  timer.unref()
  return () => {
    end()
    clearInterval(timer)
  }
}

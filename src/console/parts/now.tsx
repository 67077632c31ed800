import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useConsole } from '../console-context.ts'

/** What time it is in the emulator: it ticks, unless the clock stands still. */
export function Now(): JSX.Element {
  const { snapshot, elapsed } = useConsole()
  const [, tick] = useState(0)
  const { clock, clockAt } = snapshot
  useEffect(() => {
    if (clock === undefined || clock.mode === 'frozen') return undefined
    const timer = setInterval(() => tick((count) => count + 1), 1000)
    return () => clearInterval(timer)
  }, [clock])
  if (clock === undefined) return <time class="now">--:--:-- UTC</time>
  const since = clock.mode === 'frozen' ? 0 : elapsed() - clockAt
  const now = new Date(Date.parse(clock.now) + since).toISOString()
  return (
    <time class="now" dateTime={now}>
      {now.slice(11, 19)} <span class="zone">UTC</span>
    </time>
  )
}

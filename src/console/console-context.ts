import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Control } from './control/call.ts'
import type { Live, Snapshot } from './control/live.ts'
import type { Route } from './route.ts'

/** What every part of the console may use. */
export interface Console {
  readonly control: Control
  readonly live: Live
  readonly snapshot: Snapshot
  readonly route: Route
  /** Monotonic milliseconds. */
  elapsed(): number
}

const Context = createContext<Console | undefined>(undefined)

/** Hands the console to whatever is drawn inside. */
export const ConsoleProvider = Context.Provider

/** Returns the console that a component is drawn in. */
export function useConsole(): Console {
  const console = useContext(Context)
  if (console === undefined) throw new Error('drawn outside the console')
  return console
}

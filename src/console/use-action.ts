import { useState } from 'preact/hooks'
import type { CallFailed } from './control/call.ts'
import { toFailure } from './use-answer.ts'

/** Something that a button does, and why it failed the last time. */
export interface Action {
  run(act: () => Promise<unknown>): void
  readonly failure: CallFailed | undefined
}

/** Runs what buttons do, and keeps the failure of the last. */
export function useAction(): Action {
  const [failure, setFailure] = useState<CallFailed>()
  return {
    failure,
    run: (act) => {
      act().then(
        () => setFailure(undefined),
        (error: unknown) => setFailure(toFailure(error)),
      )
    },
  }
}

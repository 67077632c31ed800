import { useEffect, useState } from 'preact/hooks'
import { CallFailed } from './control/call.ts'

/** What a call has come to so far. */
export interface Answered<Answer> {
  readonly answer?: Answer
  readonly failure?: CallFailed
}

/**
 * Calls the control API when a component appears, and again whenever `version` changes; until the new answer is there the
 * old one stays, so that nothing jumps.
 */
export function useAnswer<Answer>(
  load: (signal: AbortSignal) => Promise<Answer>,
  version: string,
): Answered<Answer> {
  const [answered, setAnswered] = useState<Answered<Answer>>({})
  useEffect(() => {
    const controller = new AbortController()
    load(controller.signal).then(
      (answer) => setAnswered({ answer }),
      (error: unknown) => {
        if (!controller.signal.aborted) setAnswered({ failure: toFailure(error) })
      },
    )
    return () => controller.abort()
  }, [version])
  return answered
}

/** Makes of whatever a call was rejected with something that can be shown. */
export function toFailure(error: unknown): CallFailed {
  if (error instanceof CallFailed) return error
  return new CallFailed('The console failed.', 'Load the page again.')
}

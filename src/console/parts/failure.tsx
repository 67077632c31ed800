import type { JSX } from 'preact'
import type { CallFailed } from '../control/call.ts'

/** Says what is wrong with a call and how to mend it. */
export function Failure({ failure }: { readonly failure: CallFailed }): JSX.Element {
  return (
    <div class="failure" role="alert">
      <p>
        <strong>{failure.message}</strong> {failure.fix}
      </p>
    </div>
  )
}

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useConsole } from '../console-context.ts'
import { readToken } from '../control/answers.ts'
import type { CallFailed } from '../control/call.ts'
import { Failure } from '../parts/failure.tsx'
import { Wire } from '../parts/wire.tsx'
import { hrefOf } from '../route.ts'
import { toFailure } from '../use-answer.ts'

/** What to do where nothing is open: a request in one line, and where the lines for a client are. */
export function FirstSteps(): JSX.Element {
  const { snapshot } = useConsole()
  const url = snapshot.state?.url ?? location.origin
  return (
    <div class="first-steps">
      <h2>Make a request</h2>
      <p>
        A session is opened, a test card encrypted and a transient token created, each by a call
        like that of a client:
      </p>
      <Wire
        label="command"
        text={`curl -s ${url}/_dev/tokens -H 'content-type: application/json' -d '{}'`}
      />
      <CreateToken />
      <h2>Use your own client</h2>
      <p>
        <a href={hrefOf('merchants')}>Merchants</a> has the lines to copy into the official Node,
        PHP, Python, Java, .NET and Ruby clients. Whatever they send appears here, and why it was
        refused.
      </p>
      <h2>Find your way</h2>
      <p>
        <kbd>j</kbd> and <kbd>k</kbd> go through the requests, <kbd>Enter</kbd> opens one,{' '}
        <kbd>/</kbd> searches, <kbd>?</kbd> shows every key.
      </p>
    </div>
  )
}

function CreateToken(): JSX.Element {
  const { control } = useConsole()
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<CallFailed>()
  const create = async (): Promise<void> => {
    setBusy(true)
    try {
      const { kid } = await control('/_dev/tokens', readToken, { method: 'POST', body: {} })
      location.hash = hrefOf('sessions', kid)
    } catch (error) {
      setFailure(toFailure(error))
      setBusy(false)
    }
  }
  return (
    <>
      <p>
        <button type="button" class="main-action" disabled={isBusy} onClick={() => void create()}>
          Create a token
        </button>{' '}
        and see the whole life of its session.
      </p>
      {failure === undefined ? null : <Failure failure={failure} />}
    </>
  )
}

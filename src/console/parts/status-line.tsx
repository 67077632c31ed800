import type { JSX } from 'preact'
import { useConsole } from '../console-context.ts'
import { readClock, type Clock, type Fault } from '../control/answers.ts'
import { anything } from '../control/shape.ts'
import { hrefOf } from '../route.ts'
import { useAction } from '../use-action.ts'
import { durationInWords, plural } from '../words.ts'
import { Failure } from './failure.tsx'

/**
 * One line that is always there, so that nothing moves when it has something to say: a clock that is not the machine's,
 * faults that are set, a lost connection.
 */
export function StatusLine(): JSX.Element {
  const { control, live, snapshot } = useConsole()
  const { run, failure } = useAction()
  const { clock, faults, isConnected, state } = snapshot
  const active = faults.filter(({ left }) => left !== 0)
  const isOff = clock !== undefined && (clock.mode !== 'running' || clock.signaturesFollow)
  const resume = async (): Promise<void> => {
    const body = { action: 'resume' }
    live.noteClock(await control('/_dev/clock', readClock, { method: 'POST', body }))
  }
  const isWarning = isOff || active.length > 0 || (state !== undefined && !isConnected)
  return (
    <div class={`status-line ${isWarning ? 'warning' : ''}`} role="status">
      {isOff ? (
        <span class="notice">
          {clockInWords(clock)}{' '}
          <button type="button" onClick={() => run(resume)}>
            Resume
          </button>
        </span>
      ) : null}
      {active.length > 0 ? (
        <span class="notice">
          <FaultsInWords faults={active} />{' '}
          <button
            type="button"
            onClick={() => run(() => control('/_dev/faults', anything, { method: 'DELETE' }))}
          >
            Remove
          </button>
        </span>
      ) : null}
      {state !== undefined && !isConnected ? (
        <span class="notice">The emulator does not answer. Trying again…</span>
      ) : null}
      {state === undefined ? <span class="calm">Asking the emulator…</span> : null}
      {isWarning || state === undefined ? null : (
        <span class="calm">
          <span>{state.url}</span>
          <span>the machine’s clock, no faults</span>
          {state.seed === null ? null : <span>seed {state.seed}</span>}
        </span>
      )}
      {failure === undefined ? null : <Failure failure={failure} />}
    </div>
  )
}

function clockInWords({ mode, now, offsetSeconds, signaturesFollow }: Clock): string {
  const difference =
    offsetSeconds === 0
      ? 'level with the machine’s'
      : `${durationInWords(offsetSeconds)} ${offsetSeconds > 0 ? 'ahead' : 'behind'}`
  const what = mode === 'frozen' ? `The clock is frozen at ${now.slice(11, 19)}, ` : 'The clock is '
  return `${what}${difference}.${signaturesFollow ? ' Signatures follow it.' : ''}`
}

function FaultsInWords({ faults }: { readonly faults: readonly Fault[] }): JSX.Element {
  return (
    <>
      <a href={hrefOf('clock')}>{plural(faults.length, 'fault')}</a>{' '}
      {faults.length === 1 ? 'is' : 'are'} set.
    </>
  )
}

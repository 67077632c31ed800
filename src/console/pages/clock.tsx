import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useConsole } from '../console-context.ts'
import { readClock, readState, type Clock } from '../control/answers.ts'
import { Facts } from '../parts/facts.tsx'
import { Failure } from '../parts/failure.tsx'
import { Now } from '../parts/now.tsx'
import { useAction } from '../use-action.ts'
import { dateAndTime, durationInWords } from '../words.ts'
import { FaultsSection } from './faults.tsx'
import { Heading } from './panes.tsx'

/** The one clock of the emulator, the faults that are set, and the way back. */
export function ClockPage(): JSX.Element {
  return (
    <div class="page clock-page">
      <Heading isMain>Clock and faults</Heading>
      <div class="columns">
        <ClockSection />
        <FaultsSection />
        <ResetSection />
      </div>
    </div>
  )
}

const MODES: Readonly<Record<string, string>> = {
  running: 'runs with the machine’s',
  shifted: 'runs, from another time',
  frozen: 'stands still',
}

const STEPS = ['1m', '16m', '1h', '-5h'] as const

function ClockSection(): JSX.Element {
  const { control, live, snapshot } = useConsole()
  const { run, failure } = useAction()
  const { clock } = snapshot
  const change = (body: object): void => {
    const call = { method: 'POST', body } as const
    run(async () => live.noteClock(await control('/_dev/clock', readClock, call)))
  }
  return (
    <section aria-labelledby="clock">
      <h2 id="clock">Clock</h2>
      <p class="figure">
        <Now />
      </p>
      <Facts
        facts={[
          ['mode', clock === undefined ? '…' : MODES[clock.mode]],
          ['offset', clock === undefined ? '…' : offsetInWords(clock.offsetSeconds)],
          ['date', clock === undefined ? '…' : dateAndTime(clock.now).slice(0, 10)],
        ]}
      />
      <Changes clock={clock} onChange={change} />
      {failure === undefined ? null : <Failure failure={failure} />}
      <p class="quiet">
        In a shell: <code>coatcheck clock advance 15m</code>
      </p>
    </section>
  )
}

interface ChangesOfClock {
  readonly clock: Clock | undefined
  onChange(body: object): void
}

/** Everything that can be done with the clock. */
function Changes({ clock, onChange }: ChangesOfClock): JSX.Element {
  const [by, setBy] = useState('15m')
  const [at, setAt] = useState('2027-01-01T00:00:00Z')
  const isMachines = clock?.mode === 'running' && !clock.signaturesFollow
  return (
    <>
      <div class="buttons">
        <button type="button" onClick={() => onChange({ action: 'freeze' })}>
          Freeze
        </button>
        <button type="button" disabled={isMachines} onClick={() => onChange({ action: 'resume' })}>
          Resume
        </button>
      </div>
      <OneField
        label="Advance by"
        value={by}
        action="Advance"
        onInput={setBy}
        onSubmit={() => onChange({ action: 'advance', by })}
      />
      <div class="buttons small">
        {STEPS.map((step) => (
          <button
            type="button"
            key={step}
            onClick={() => onChange({ action: 'advance', by: step })}
          >
            {step.startsWith('-') ? step.replace('-', '−') : `+${step}`}
          </button>
        ))}
      </div>
      <OneField
        label="Set to, ISO 8601"
        value={at}
        action="Set"
        onInput={setAt}
        onSubmit={() => onChange({ action: 'set', at })}
      />
      <FollowSignatures clock={clock} onChange={onChange} />
    </>
  )
}

function offsetInWords(seconds: number): string {
  if (seconds === 0) return 'none'
  return `${durationInWords(seconds)} ${seconds > 0 ? 'ahead' : 'behind'}`
}

/** Signatures can follow a clock only in a change of it: advancing by nothing is one. */
function FollowSignatures({ clock, onChange }: ChangesOfClock): JSX.Element {
  const follow = clock?.signaturesFollow === true
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={follow}
        onChange={({ currentTarget }) =>
          onChange({ action: 'advance', by: 0, signaturesFollow: currentTarget.checked })
        }
      />
      Check merchants’ signatures against this clock too
    </label>
  )
}

function OneField({
  label,
  value,
  action,
  onInput,
  onSubmit,
}: {
  readonly label: string
  readonly value: string
  readonly action: string
  onInput(value: string): void
  onSubmit(): void
}): JSX.Element {
  return (
    <form
      class="one-field"
      onSubmit={(event) => {
        event.preventDefault()
        onSubmit()
      }}
    >
      <label>
        <span>{label}</span>
        <input
          value={value}
          autocomplete="off"
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      </label>
      <button type="submit">{action}</button>
    </form>
  )
}

function ResetSection(): JSX.Element {
  const { control } = useConsole()
  const { run, failure } = useAction()
  const [store, setStore] = useState(false)
  const reset = (): void =>
    run(() => control('/_dev/reset', readState, { method: 'POST', body: { store } }))
  return (
    <section aria-labelledby="reset">
      <h2 id="reset">Reset</h2>
      <p>The clock is resumed, faults are removed, requests are forgotten.</p>
      <label class="check">
        <input
          type="checkbox"
          checked={store}
          onChange={({ currentTarget }) => setStore(currentTarget.checked)}
        />
        Forget sessions and tokens too
      </label>
      <div class="buttons">
        <button type="button" onClick={reset}>
          Reset
        </button>
      </div>
      {failure === undefined ? null : <Failure failure={failure} />}
    </section>
  )
}

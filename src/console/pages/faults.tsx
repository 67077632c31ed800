import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useConsole } from '../console-context.ts'
import { readFault, type Fault } from '../control/answers.ts'
import { object, number } from '../control/shape.ts'
import { COMMON_CODES, FAULT_KINDS, OPERATIONS, type FaultKind } from '../fault-kinds.ts'
import { Failure } from '../parts/failure.tsx'
import { useAction, type Action } from '../use-action.ts'
import { operationWords, plural } from '../words.ts'

const readRemoved = object({ removed: number })

/** The faults that are set, and a form for the next. */
export function FaultsSection(): JSX.Element {
  const { control, snapshot } = useConsole()
  const action = useAction()
  const { faults } = snapshot
  const remove = (query: string): void =>
    action.run(() => control(`/_dev/faults${query}`, readRemoved, { method: 'DELETE' }))
  return (
    <section aria-labelledby="faults">
      <h2 id="faults">Faults</h2>
      {faults.length === 0 ? (
        <p class="quiet">None is set: everything goes as it should. Break the next request:</p>
      ) : (
        <>
          <ul class="faults">
            {faults.map((fault) => (
              <FaultRow key={fault.id} fault={fault} onRemove={() => remove(`?id=${fault.id}`)} />
            ))}
          </ul>
          <div class="buttons">
            <button type="button" onClick={() => remove('')}>
              Remove all
            </button>
          </div>
        </>
      )}
      <FaultForm action={action} />
      {action.failure === undefined ? null : <Failure failure={action.failure} />}
      <p class="quiet">
        docs/faults.md has the call for every documented reason; in a shell:{' '}
        <code>coatcheck faults</code>
      </p>
    </section>
  )
}

function FaultRow({
  fault: { id, description, left, hits },
  onRemove,
}: {
  readonly fault: Fault
  onRemove(): void
}): JSX.Element {
  const rest = left === 'always' ? 'stays' : left === 0 ? 'spent' : `${left} left`
  return (
    <li class={left === 0 ? 'spent' : ''}>
      <span>
        <code>{id}</code> {description}
        <span class="quiet">
          {' '}
          — met by {plural(hits, 'request')}, {rest}
        </span>
      </span>
      <button type="button" onClick={onRemove}>
        Remove<span class="unseen"> {id}</span>
      </button>
    </li>
  )
}

/** What the form holds: text, as it was typed. */
interface Draft {
  readonly kind: string
  readonly code: string
  readonly milliseconds: string
  readonly seconds: string
  readonly reason: string
  readonly operation: string
  readonly times: string
  readonly probability: string
}

const FIRST_DRAFT: Draft = {
  kind: 'unavailable',
  code: 'INTERNAL_ERROR',
  milliseconds: '3000',
  seconds: '-18000',
  reason: '',
  operation: '',
  times: '1',
  probability: '1',
}

const FIELDS = [
  ['code', 'Code', 'text'],
  ['reason', 'Reason, if any', 'text'],
  ['milliseconds', 'Milliseconds', 'number'],
  ['seconds', 'Seconds off', 'number'],
] as const

function FaultForm({ action }: { readonly action: Action }): JSX.Element {
  const { control } = useConsole()
  const [draft, setDraft] = useState(FIRST_DRAFT)
  const { wants, meaning } = FAULT_KINDS.find(({ kind }) => kind === draft.kind) ?? NO_KIND
  const set = (part: Partial<Draft>): void => setDraft({ ...draft, ...part })
  const submit = (event: Event): void => {
    event.preventDefault()
    const body = faultOf(draft, wants)
    action.run(() => control('/_dev/faults', readFault, { method: 'POST', body }))
  }
  return (
    <form class="fault-form" onSubmit={submit}>
      <Select
        label="Kind"
        value={draft.kind}
        options={FAULT_KINDS.map(({ kind }) => [kind, kind])}
        onChange={(kind) => set({ kind })}
      />
      {FIELDS.filter(([name]) => wants.includes(name === 'reason' ? 'code' : name)).map(
        ([name, label, type]) => (
          <label key={name}>
            <span>{label}</span>
            <input
              type={type}
              value={draft[name]}
              list={name === 'code' ? 'codes' : undefined}
              onInput={({ currentTarget }) => set({ [name]: currentTarget.value })}
            />
          </label>
        ),
      )}
      <Reach draft={draft} set={set} />
      <button type="submit" class="main-action">
        Set fault
      </button>
      <p class="quiet meaning">{meaning}</p>
      <datalist id="codes">
        {COMMON_CODES.map((code) => (
          <option key={code} value={code} />
        ))}
      </datalist>
    </form>
  )
}

const HOW_OFTEN = [
  ['1', 'once'],
  ['3', '3 times'],
  ['always', 'always'],
] as const

const HOW_PROBABLE = [
  ['1', 'each that fits'],
  ['0.5', 'every other, by chance'],
  ['0.1', 'one in ten, by chance'],
] as const

/** Which requests a fault meets, and how many of them. */
function Reach({
  draft,
  set,
}: {
  readonly draft: Draft
  readonly set: (part: Partial<Draft>) => void
}): JSX.Element {
  return (
    <>
      <Select
        label="Meets"
        value={draft.operation}
        options={[
          ['', 'any request'],
          ...OPERATIONS.map((name) => [name, operationWords(name)] as const),
        ]}
        onChange={(operation) => set({ operation })}
      />
      <Select
        label="Times"
        value={draft.times}
        options={HOW_OFTEN}
        onChange={(times) => set({ times })}
      />
      <Select
        label="Probability"
        value={draft.probability}
        options={HOW_PROBABLE}
        onChange={(probability) => set({ probability })}
      />
    </>
  )
}

const NO_KIND: FaultKind = { kind: '', wants: [], meaning: '' }

/** Makes of a draft what the control API takes. */
function faultOf(draft: Draft, wants: readonly string[]): object {
  const { kind, operation, times } = draft
  const reason = draft.reason.trim()
  return {
    kind,
    ...(wants.includes('code') ? { code: draft.code.trim() } : {}),
    ...(wants.includes('code') && reason !== '' ? { reason } : {}),
    ...(wants.includes('milliseconds') ? { milliseconds: Number(draft.milliseconds) } : {}),
    ...(wants.includes('seconds') ? { seconds: Number(draft.seconds) } : {}),
    ...(operation === '' ? {} : { match: { operation } }),
    times: times === 'always' ? times : Number(times),
    probability: Number(draft.probability),
  }
}

function Select({
  label,
  value,
  options,
  onChange,
}: {
  readonly label: string
  readonly value: string
  readonly options: readonly (readonly [value: string, words: string])[]
  onChange(value: string): void
}): JSX.Element {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        {options.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
}

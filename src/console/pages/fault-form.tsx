import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { useConsole } from '../console-context.ts'
import { readFault } from '../control/answers.ts'
import { COMMON_CODES, FAULT_KINDS, OPERATIONS, type FaultKind } from '../fault-kinds.ts'
import type { Action } from '../use-action.ts'
import { operationWords } from '../words.ts'

/** What the form holds: text, as it was typed. */
interface Draft {
  readonly kind: string
  readonly stage: string
  readonly code: string
  readonly milliseconds: string
  readonly seconds: string
  readonly reason: string
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly merchant: string
  readonly times: string
  readonly probability: string
}

const FIRST_DRAFT: Draft = {
  kind: 'unavailable',
  stage: '',
  code: 'INTERNAL_ERROR',
  milliseconds: '3000',
  seconds: '-18000',
  reason: '',
  operation: '',
  method: '',
  path: '',
  merchant: '',
  times: '1',
  probability: '1',
}

/** What a part of the form shows and changes. */
interface PartProps {
  readonly draft: Draft
  readonly set: (part: Partial<Draft>) => void
}

/** The form for the next fault: what happens, to which requests, and how often. */
export function FaultForm({ action }: { readonly action: Action }): JSX.Element {
  const { control } = useConsole()
  const [draft, setDraft] = useState(FIRST_DRAFT)
  const set = (part: Partial<Draft>): void => setDraft({ ...draft, ...part })
  const submit = (event: Event): void => {
    event.preventDefault()
    const body = faultOf(draft)
    action.run(() => control('/_dev/faults', readFault, { method: 'POST', body }))
  }
  return (
    <form class="fault-form" onSubmit={submit}>
      <What draft={draft} set={set} />
      <Which draft={draft} set={set} />
      <HowOften draft={draft} set={set} />
      <button type="submit" class="main-action">
        Set fault
      </button>
    </form>
  )
}

const PARAMETERS = [
  ['code', 'Code', 'text'],
  ['reason', 'Reason, if any', 'text'],
  ['milliseconds', 'Milliseconds', 'number'],
  ['seconds', 'Seconds off', 'number'],
] as const

/** What a fault does, and at which stage. */
function What({ draft, set }: PartProps): JSX.Element {
  const { wants, stages, meaning } = kindOf(draft)
  return (
    <fieldset>
      <legend>What happens</legend>
      <Select
        label="Kind"
        value={draft.kind}
        options={FAULT_KINDS.map(({ kind }) => [kind, kind])}
        onChange={(kind) => set({ kind, stage: '' })}
      />
      <Select
        label="Stage"
        value={draft.stage}
        options={stageOptions(draft.kind, stages)}
        onChange={(stage) => set({ stage })}
      />
      {PARAMETERS.filter(([name]) => wants.includes(name === 'reason' ? 'code' : name)).map(
        ([name, label, type]) => (
          <Input
            key={name}
            label={label}
            type={type}
            isWide={type === 'text'}
            value={draft[name]}
            list={name === 'code' ? COMMON_CODES : []}
            onChange={(value) => set({ [name]: value })}
          />
        ),
      )}
      <p class="quiet meaning">{meaning}</p>
    </fieldset>
  )
}

const METHODS = [
  ['', 'any'],
  ['GET', 'GET'],
  ['POST', 'POST'],
] as const

/** Which requests a fault meets: all that is said must fit. */
function Which({ draft, set }: PartProps): JSX.Element {
  const { snapshot } = useConsole()
  return (
    <fieldset>
      <legend>To which requests</legend>
      <Select
        label="Operation"
        value={draft.operation}
        options={[['', 'any'], ...OPERATIONS.map((name) => [name, operationWords(name)] as const)]}
        onChange={(operation) => set({ operation })}
      />
      <Select
        label="Method"
        value={draft.method}
        options={METHODS}
        onChange={(method) => set({ method })}
      />
      <Input
        label="Path"
        value={draft.path}
        placeholder="any, or /flex/v2/*"
        onChange={(path) => set({ path })}
      />
      <Input
        label="Merchant"
        value={draft.merchant}
        placeholder="any"
        list={snapshot.state?.merchants ?? []}
        onChange={(merchant) => set({ merchant })}
      />
    </fieldset>
  )
}

const TIMES = [
  ['1', 'once'],
  ['3', '3 times'],
  ['always', 'always'],
] as const

const PROBABILITIES = [
  ['1', 'each that fits'],
  ['0.5', 'every other, by chance'],
  ['0.1', 'one in ten, by chance'],
] as const

/** How many of them it meets. */
function HowOften({ draft, set }: PartProps): JSX.Element {
  return (
    <fieldset>
      <legend>How often</legend>
      <Select
        label="Times"
        value={draft.times}
        options={TIMES}
        onChange={(times) => set({ times })}
      />
      <Select
        label="Probability"
        value={draft.probability}
        options={PROBABILITIES}
        onChange={(probability) => set({ probability })}
      />
    </fieldset>
  )
}

const NO_KIND: FaultKind = { kind: '', stages: [], wants: [], meaning: '' }

function kindOf(draft: Draft): FaultKind {
  return FAULT_KINDS.find(({ kind }) => kind === draft.kind) ?? NO_KIND
}

/** The stages of a kind, the usual one first; each error has its own. */
function stageOptions(kind: string, stages: readonly string[]): SelectProps['options'] {
  const [first = ''] = stages
  if (stages.length <= 1) return [['', first]]
  const usual = kind === 'error' ? 'usual' : `usual (${first})`
  return [['', usual], ...stages.map((stage) => [stage, stage] as const)]
}

/** Makes of a draft what the control API takes. */
function faultOf(draft: Draft): object {
  const { kind, stage, operation, method, times } = draft
  const { wants } = kindOf(draft)
  const [path, merchant] = [draft.path.trim(), draft.merchant.trim()]
  const parameters = {
    ...(wants.includes('code') ? { code: draft.code.trim(), reason: draft.reason.trim() } : {}),
    ...(wants.includes('milliseconds') ? { milliseconds: Number(draft.milliseconds) } : {}),
    ...(wants.includes('seconds') ? { seconds: Number(draft.seconds) } : {}),
  }
  return {
    kind,
    ...given({ stage, ...parameters }),
    match: given({ operation, method, path, merchant }),
    times: times === 'always' ? times : Number(times),
    probability: Number(draft.probability),
  }
}

/** Leaves out what was left empty. */
function given(members: Readonly<Record<string, string | number>>): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ''))
}

interface FieldProps {
  readonly label: string
  readonly value: string
  onChange(value: string): void
}

interface InputProps extends FieldProps {
  readonly type?: 'text' | 'number'
  readonly placeholder?: string
  /** Whether it has a row of its own. Default is false. */
  readonly isWide?: boolean
  /** What is offered; anything else can be written. Default is nothing. */
  readonly list?: readonly string[]
}

function Input({
  label,
  value,
  onChange,
  type = 'text',
  isWide = false,
  list = [],
  ...rest
}: InputProps): JSX.Element {
  const [id, hasList] = [`of-${label}`, list.length > 0]
  return (
    <>
      <label class={isWide ? 'wide' : ''}>
        <span>{label}</span>
        <input
          {...rest}
          type={type}
          value={value}
          list={hasList ? id : undefined}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      </label>
      {hasList ? (
        <datalist id={id}>
          {list.map((option) => (
            <option key={option} value={option} />
          ))}
        </datalist>
      ) : null}
    </>
  )
}

interface SelectProps extends FieldProps {
  readonly options: readonly (readonly [value: string, words: string])[]
}

function Select({ label, value, options, onChange }: SelectProps): JSX.Element {
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

import type { JSX } from 'preact'
import { useConsole } from '../console-context.ts'
import { OUTCOMES, type Summary } from '../control/answers.ts'
import { RequestRow } from '../parts/request-row.tsx'
import { hrefOf, NO_FILTER, parseRoute, type Filter } from '../route.ts'
import { operationWords, plural } from '../words.ts'
import { FirstSteps } from './first-steps.tsx'
import { Heading, Panes } from './panes.tsx'
import { RequestPage } from './request.tsx'

/** The live list of requests, and the one that is open. */
export function RequestsPage(): JSX.Element {
  const { route, snapshot } = useConsole()
  const { id } = route
  return (
    <Panes
      isOpen={id !== ''}
      list={<RequestList />}
      detail={
        id !== '' ? (
          <RequestPage key={id} id={id} />
        ) : snapshot.requests === undefined ? null : (
          <FirstSteps />
        )
      }
    />
  )
}

function RequestList(): JSX.Element {
  const { route, snapshot } = useConsole()
  const { filter, id } = route
  const { requests } = snapshot
  const shown = (requests ?? []).filter(matching(filter))
  return (
    <>
      <div class="list-head">
        <Heading isMain={id === ''}>Requests</Heading>
        <p class="count">{requests === undefined ? '' : countOf(shown.length, requests.length)}</p>
        <Filters />
      </div>
      {requests === undefined ? null : shown.length > 0 ? (
        <ol class="rows">
          {shown.map((request) => (
            <RequestRow
              key={request.id}
              request={request}
              filter={filter}
              isOpen={request.id === id}
            />
          ))}
        </ol>
      ) : (
        <NoRequests isFiltered={requests.length > 0} />
      )}
    </>
  )
}

function NoRequests({ isFiltered }: { readonly isFiltered: boolean }): JSX.Element {
  if (!isFiltered) {
    return (
      <div class="empty">
        <p>Nothing has been asked for yet.</p>
        <p class="quiet">
          Point a client here, or make the first request: it appears within a second.
        </p>
      </div>
    )
  }
  return (
    <div class="empty">
      <p>No request fits.</p>
      <p>
        <a href={hrefOf('requests')}>Show all</a>
      </p>
    </div>
  )
}

function countOf(shown: number, all: number): string {
  return shown === all ? plural(all, 'request') : `${shown} of ${plural(all, 'request')}`
}

/** Tells whether a request is one of those that are asked for. */
function matching(filter: Filter): (request: Summary) => boolean {
  const words = filter.q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  return (request) => {
    const { outcome, operation, merchant } = request
    if (!isOf(filter.outcome, outcome) || !isOf(filter.merchant, merchant)) return false
    if (!isOf(filter.operation, operation)) return false
    const text = words.length === 0 ? '' : searchable(request)
    return words.every((word) => text.includes(word))
  }
}

function isOf(asked: string, value: string | null): boolean {
  return asked === '' || asked === value
}

function searchable(request: Summary): string {
  const { id, method, path, operation, merchant, status, outcome } = request
  const { code, reason, cause, kid, jti } = request
  const words = operation === null ? '' : operationWords(operation)
  return [
    id,
    method,
    path,
    operation,
    words,
    merchant,
    status,
    outcome,
    code,
    reason,
    cause,
    kid,
    jti,
  ]
    .join(' ')
    .toLowerCase()
}

function set(part: Partial<Filter>): void {
  // What is shown may be older than the address, which the choice before has just changed.
  const { id, filter } = parseRoute(location.hash)
  // Without a step back for every letter.
  location.replace(hrefOf('requests', id, { ...filter, ...part }))
}

function Filters(): JSX.Element {
  const { route, snapshot } = useConsole()
  const { filter } = route
  const requests = snapshot.requests ?? []
  const merchants = [...(snapshot.state?.merchants ?? []), ...requests.map((each) => each.merchant)]
  const isFiltered = Object.values(filter).some((value) => value !== '')
  return (
    <search class="filters">
      <input
        id="search"
        type="search"
        aria-label="Search requests"
        placeholder="Search: path, kid, jti, reason…"
        value={filter.q}
        onInput={({ currentTarget }) => set({ q: currentTarget.value })}
      />
      <Choice
        label="Outcome"
        value={filter.outcome}
        options={OUTCOMES.map((outcome) => [outcome, outcome])}
        onChange={(outcome) => set({ outcome })}
      />
      <Choice
        label="Operation"
        value={filter.operation}
        options={known([...requests.map(({ operation }) => operation), filter.operation]).map(
          (name) => [name, operationWords(name)],
        )}
        onChange={(operation) => set({ operation })}
      />
      <Choice
        label="Merchant"
        value={filter.merchant}
        options={known([...merchants, filter.merchant]).map((name) => [name, name])}
        onChange={(merchant) => set({ merchant })}
      />
      <button type="button" disabled={!isFiltered} onClick={() => set(NO_FILTER)}>
        Clear
      </button>
    </search>
  )
}

function known(names: readonly (string | null)[]): readonly string[] {
  const given = names.flatMap((name) => (name === null || name === '' ? [] : [name]))
  return [...new Set(given)].toSorted((left, right) => left.localeCompare(right))
}

function Choice({
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
    <select
      aria-label={label}
      value={value}
      class={value === '' ? '' : 'chosen'}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    >
      <option value="">{label}</option>
      {options.map(([option, words]) => (
        <option key={option} value={option}>
          {words}
        </option>
      ))}
    </select>
  )
}

import type { JSX } from 'preact'
import { useConsole } from '../console-context.ts'
import type { Fault } from '../control/answers.ts'
import { object, number } from '../control/shape.ts'
import { Failure } from '../parts/failure.tsx'
import { useAction } from '../use-action.ts'
import { plural } from '../words.ts'
import { FaultForm } from './fault-form.tsx'

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

import type { JSX } from 'preact'
import type { Summary } from '../control/answers.ts'
import { hrefOf, type Filter } from '../route.ts'
import { milliseconds, timeOfDay, titleOf } from '../words.ts'
import { Outcome } from './outcome.tsx'

/** A request in one line, a link to all of it. */
export function RequestRow({
  request,
  isOpen = false,
  filter,
}: {
  readonly request: Summary
  readonly isOpen?: boolean
  /** What the list goes on to show. */
  readonly filter?: Filter
}): JSX.Element {
  const { id, at, merchant, cause, faults } = request
  return (
    <li class="row">
      <a
        href={hrefOf('requests', id, filter)}
        data-row={id}
        aria-current={isOpen ? 'true' : undefined}
      >
        <time dateTime={at}>{timeOfDay(at)}</time>
        <span class="what">
          <span class="title">{titleOf(request)}</span>{' '}
          <span class="merchant">{merchant ?? 'nobody'}</span>
        </span>{' '}
        <Outcome request={request} isShort />{' '}
        <span class="duration">{milliseconds(request.milliseconds)}</span>
        {cause === null ? null : <span class="cause">{cause}</span>}
        {cause !== null || faults.length === 0 ? null : (
          <span class="cause">Met a fault that was set: {faults.join(', ')}.</span>
        )}
      </a>
    </li>
  )
}

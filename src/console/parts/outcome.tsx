import type { JSX } from 'preact'
import type { Summary } from '../control/answers.ts'

/** How a request ended: a status and a word, never a colour alone. In short, success is its status. */
export function Outcome({
  request: { outcome, status },
  isShort = false,
}: {
  readonly request: Pick<Summary, 'outcome' | 'status'>
  readonly isShort?: boolean
}): JSX.Element {
  const isUnseen = isShort && outcome === 'succeeded'
  return (
    <span class={`outcome ${outcome}`}>
      {status ?? '—'} <span class={isUnseen ? 'unseen' : ''}>{outcome}</span>
    </span>
  )
}

import type { JSX } from 'preact'
import { firstDifference } from '../first-difference.ts'

/** Two strings side by side, line by line, with the place marked at which they part. */
export function Comparison({
  expected,
  received,
  names,
}: {
  readonly expected: string
  readonly received: string
  /** What the two are called. */
  readonly names: readonly [expected: string, received: string]
}): JSX.Element {
  const difference = firstDifference(expected, received)
  const where =
    difference === undefined
      ? 'They are the same.'
      : `They part in line ${difference.line}, at character ${difference.column}.`
  return (
    <div class="comparison">
      <Side name={names[0]} text={expected} at={difference?.index} />
      <Side name={names[1]} text={received} at={difference?.index} />
      <p class="where">{where}</p>
    </div>
  )
}

/** One string alone: the other is not known. */
export function Side({
  name,
  text,
  at,
}: {
  readonly name: string
  readonly text: string
  /** Where it parts from the other. Undefined where it does not. */
  readonly at?: number | undefined
}): JSX.Element {
  return (
    <figure>
      <figcaption>{name}</figcaption>
      {/* What scrolls must be reached by keyboard. */}
      <pre tabIndex={0} role="group" aria-label={name}>
        <code>{at === undefined ? text : <Marked text={text} at={at} />}</code>
      </pre>
    </figure>
  )
}

function Marked({ text, at }: { readonly text: string; readonly at: number }): JSX.Element {
  const lineEnd = text.indexOf('\n', at)
  const end = lineEnd === -1 ? text.length : lineEnd
  // Where one is shorter, what is missing is the mark.
  const marked = text.slice(at, end) || (at < text.length ? '↵' : '(ends here)')
  return (
    <>
      {text.slice(0, at)}
      <mark>{marked}</mark>
      {text.slice(end)}
    </>
  )
}

import type { JSX } from 'preact'
import { useConsole } from '../console-context.ts'
import { readInspection } from '../control/answers.ts'
import { hrefOf } from '../route.ts'
import { useAnswer } from '../use-answer.ts'
import { Failure } from './failure.tsx'
import { InspectionView } from './inspection.tsx'
import { Wire } from './wire.tsx'

/** A token as it is, and what is in it. */
export function Explained({
  text,
  label,
}: {
  readonly text: string
  readonly label: string
}): JSX.Element {
  const { control, snapshot } = useConsole()
  const { mode, offsetSeconds } = snapshot.clock ?? {}
  const { answer, failure } = useAnswer(
    (signal) =>
      control('/_dev/inspect', readInspection, { method: 'POST', body: { text }, signal }),
    `${text} ${mode} ${offsetSeconds}`,
  )
  return (
    <>
      {failure === undefined ? null : <Failure failure={failure} />}
      {answer === undefined ? null : <InspectionView inspection={answer} isAtHome />}
      <details>
        <summary>As it goes over the wire</summary>
        <Wire text={text} label={label}>
          <a href={hrefOf('inspect', text)}>Inspect</a>
        </Wire>
      </details>
    </>
  )
}

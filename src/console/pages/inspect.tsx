import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useConsole } from '../console-context.ts'
import { readInspection } from '../control/answers.ts'
import { Failure } from '../parts/failure.tsx'
import { InspectionView } from '../parts/inspection.tsx'
import { useAnswer } from '../use-answer.ts'
import { Heading } from './panes.tsx'

const TYPING_MILLISECONDS = 150

/** Explains any token that is pasted, and verifies it with the right key. */
export function InspectPage(): JSX.Element {
  const { route } = useConsole()
  // Another link begins anew. An effect that took its text over could come after the first that is pasted.
  return <Inspector key={route.id} linked={route.id} />
}

function Inspector({ linked }: { readonly linked: string }): JSX.Element {
  const [text, setText] = useState(linked)
  const [settled, setSettled] = useState(linked)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text.trim()), TYPING_MILLISECONDS)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <div class="page inspect-page">
      <div>
        <Heading isMain>Inspect</Heading>
        <label class="block" for="pasted">
          A JWT, a JWE, a jti, a JWK or a JWKS
        </label>
        <textarea
          id="pasted"
          rows={9}
          spellcheck={false}
          autocomplete="off"
          placeholder="eyJ…"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <p class="quiet">
          It is explained, and verified with the right key, by the emulator on this machine. What a
          JWE holds is not shown.
        </p>
      </div>
      <div class="inspected">
        {settled === '' ? (
          <div class="empty">
            <p>Nothing to explain yet.</p>
            <p class="quiet">
              Paste a token, or open a request: its body has a link here when it is one.
            </p>
          </div>
        ) : (
          <Inspected text={settled} />
        )}
      </div>
    </div>
  )
}

function Inspected({ text }: { readonly text: string }): JSX.Element | null {
  const { control } = useConsole()
  const { answer, failure } = useAnswer(
    (signal) =>
      control('/_dev/inspect', readInspection, { method: 'POST', body: { text }, signal }),
    text,
  )
  if (failure !== undefined) return <Failure failure={failure} />
  if (answer === undefined) return null
  return (
    <>
      <h2>{answer.title}</h2>
      <InspectionView inspection={answer} />
    </>
  )
}

import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'

const SHOWN_MILLISECONDS = 1500

/** A button that copies text; `what` completes its name for those who do not see what stands beside it. */
export function CopyButton({
  text,
  what,
}: {
  readonly text: string
  readonly what: string
}): JSX.Element {
  const [said, setSaid] = useState('Copy')
  useEffect(() => {
    const timer = setTimeout(() => setSaid('Copy'), SHOWN_MILLISECONDS)
    return () => clearTimeout(timer)
  }, [said])
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied'),
      () => setSaid('Not allowed'),
    )
  }
  return (
    <button type="button" class="copy" onClick={copy}>
      <span aria-live="polite">{said}</span>
      <span class="unseen"> {what}</span>
    </button>
  )
}

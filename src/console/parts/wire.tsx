import type { ComponentChildren, JSX } from 'preact'
import { CopyButton } from './copy.tsx'

const COMPACT = /^[\w-]+(?:\.[\w-]*){2,4}$/

/** Text as it goes over the wire, which wraps, scrolls when there is much of it, and can be copied. */
export function Wire({
  text,
  label,
  children,
}: {
  readonly text: string
  /** What it is, such as `request body`. */
  readonly label: string
  /** Links beside the button. */
  readonly children?: ComponentChildren
}): JSX.Element {
  return (
    <div class="wire">
      {/* What scrolls must be reached by keyboard. */}
      <pre tabIndex={0} role="group" aria-label={label}>
        <code>{isCompact(text) ? <Compact text={text} /> : text}</code>
      </pre>
      <div class="tools">
        {children}
        <CopyButton text={text} what={label} />
      </div>
    </div>
  )
}

/** Tells whether text has the form of a compact JWT or JWE. */
export function isCompact(text: string): boolean {
  return COMPACT.test(text) && text.startsWith('eyJ')
}

function Compact({ text }: { readonly text: string }): JSX.Element {
  return (
    <>
      {text.split('.').map((part, index) => (
        <span key={index}>
          {index === 0 ? '' : <b class="dot">.</b>}
          <span class={index % 2 === 0 ? 'odd-part' : 'even-part'}>{part}</span>
        </span>
      ))}
    </>
  )
}

import type { JSX } from 'preact'
import { parseJsonObject } from '../../protocol/parse.ts'
import type { Message } from '../control/answers.ts'
import { hrefOf } from '../route.ts'
import { bytesInWords } from '../words.ts'
import { isCompact, Wire } from './wire.tsx'

/** The headers and the body of a request or a reply, as they were. */
export function MessageView({
  message: { headers, body },
  label,
}: {
  readonly message: Message
  /** What it is: `request` or `reply`. */
  readonly label: string
}): JSX.Element {
  const text = body.text.trim()
  return (
    <>
      {body.bytes === 0 ? (
        <p class="quiet">No body.</p>
      ) : (
        <Wire text={indent(body.text)} label={`${label} body`}>
          <span>
            {bytesInWords(body.bytes)}
            {body.truncated ? ', cut' : ''}
          </span>
          {isCompact(text) && !body.truncated ? (
            <a href={hrefOf('inspect', text)}>Inspect</a>
          ) : null}
        </Wire>
      )}
      <details>
        <summary>{headers.length} headers</summary>
        <dl class="headers">
          {headers.map(([name, value], index) => (
            <div key={index}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </>
  )
}

function indent(text: string): string {
  const value = parseJsonObject(text)
  return value === undefined ? text : JSON.stringify(value, undefined, 2)
}

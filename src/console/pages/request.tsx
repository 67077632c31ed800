import type { JSX } from 'preact'
import { useConsole } from '../console-context.ts'
import { readRecord, type RequestRecord } from '../control/answers.ts'
import { Facts } from '../parts/facts.tsx'
import { Failure } from '../parts/failure.tsx'
import { MessageView } from '../parts/message.tsx'
import { Outcome } from '../parts/outcome.tsx'
import { Refusal } from '../parts/refusal.tsx'
import { Steps } from '../parts/steps.tsx'
import { hrefOf } from '../route.ts'
import { useAnswer } from '../use-answer.ts'
import { dateAndTime, milliseconds, titleOf } from '../words.ts'
import { Heading } from './panes.tsx'

/** One request, whole. */
export function RequestPage({ id }: { readonly id: string }): JSX.Element {
  const { control, route, snapshot } = useConsole()
  const path = `/_dev/requests/${encodeURIComponent(id)}`
  // A request that is not there yet may come; one that was answered does not change.
  const isKnown = snapshot.requests?.some((request) => request.id === id) === true
  const { answer, failure } = useAnswer(
    (signal) => control(path, readRecord, { signal }),
    String(isKnown),
  )
  return (
    <article class="detail">
      <p class="back">
        <a href={hrefOf('requests', '', route.filter)}>All requests</a>
      </p>
      {/* One heading, whatever is known: it may have the focus already. */}
      <Heading isMain>
        {answer === undefined ? `Request ${id}` : titleOf(answer)}{' '}
        {answer === undefined ? null : <Outcome request={answer} />}
      </Heading>
      {failure === undefined ? null : <Failure failure={failure} />}
      {answer === undefined ? null : <Whole request={answer} />}
    </article>
  )
}

function Whole({ request }: { readonly request: RequestRecord }): JSX.Element {
  return (
    <>
      <p class="target">
        <code>
          {request.method} {request.path}
        </code>
      </p>
      <Refusal request={request} />
      <RequestFacts request={request} />
      <h2>Checks</h2>
      <Steps steps={request.steps} />
      <h2>Request</h2>
      <MessageView message={request.request} label="request" />
      <h2>Reply</h2>
      {request.reply === null ? (
        <p class="quiet">The connection ended before there was one.</p>
      ) : (
        <MessageView message={request.reply} label="reply" />
      )}
    </>
  )
}

const SCHEMES: Readonly<Record<string, string>> = {
  http_signature: 'HTTP Signature',
  jwt: 'bearer JWT',
}

function RequestFacts({ request }: { readonly request: RequestRecord }): JSX.Element {
  const { id, at, wallAt, merchant, scheme, correlationId, kid, jti, faults } = request
  const isShifted = Math.abs(Date.parse(at) - Date.parse(wallAt)) > 1000
  return (
    <Facts
      facts={[
        ['request', <code key="id">{id}</code>],
        ['at', `${dateAndTime(at)}${isShifted ? ' by the clock of the emulator' : ''}`],
        ['machine’s clock', isShifted ? dateAndTime(wallAt) : null],
        ['took', milliseconds(request.milliseconds)],
        ['merchant', merchant],
        ['signed by', scheme === null ? null : (SCHEMES[scheme] ?? scheme)],
        [
          'session',
          kid === null ? null : (
            <a href={hrefOf('sessions', kid)}>
              <code>{kid}</code>
            </a>
          ),
        ],
        ['token', jti === null ? null : <code>{jti}</code>],
        ['correlation id', correlationId === null ? null : <code>{correlationId}</code>],
        [
          'faults met',
          faults.length === 0 ? null : <a href={hrefOf('clock')}>{faults.join(', ')}</a>,
        ],
      ]}
    />
  )
}

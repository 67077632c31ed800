import type { ComponentChildren, JSX } from 'preact'
import { useConsole } from '../console-context.ts'
import { readSession, type RequestRecord, type Session, type Summary } from '../control/answers.ts'
import { Explained } from '../parts/explained.tsx'
import { Facts } from '../parts/facts.tsx'
import { Failure } from '../parts/failure.tsx'
import { MessageView } from '../parts/message.tsx'
import { Outcome } from '../parts/outcome.tsx'
import { RequestRow } from '../parts/request-row.tsx'
import { Steps } from '../parts/steps.tsx'
import { hrefOf } from '../route.ts'
import { useAnswer } from '../use-answer.ts'
import { dateAndTime, timeOfDay, titleOf } from '../words.ts'
import { Heading } from './panes.tsx'

/** The whole life of a session: what opened it, its capture context, the token requests, the tokens and their uses. */
export function SessionPage({ kid }: { readonly kid: string }): JSX.Element {
  const { control, snapshot } = useConsole()
  const path = `/_dev/sessions/${encodeURIComponent(kid)}`
  const { requests = [], clock } = snapshot
  // Whatever may have changed it: another request of it, another clock.
  const version = `${newestOf(kid, requests)} ${clock?.mode} ${clock?.offsetSeconds}`
  const { answer, failure } = useAnswer((signal) => control(path, readSession, { signal }), version)
  return (
    <article class="detail">
      <p class="back">
        <a href={hrefOf('sessions')}>All sessions</a>
      </p>
      <Heading isMain>
        Session <code>{kid}</code>
      </Heading>
      {failure === undefined ? null : <Failure failure={failure} />}
      {answer === undefined ? null : <Life session={answer} />}
    </article>
  )
}

/** Returns the id of the newest request of a session; what uses its tokens names those alone. */
function newestOf(kid: string, requests: readonly Summary[]): string {
  const tokens = new Set(requests.filter((request) => request.kid === kid).map(({ jti }) => jti))
  tokens.delete(null)
  const newest = requests.find((request) => request.kid === kid || tokens.has(request.jti))
  return newest?.id ?? ''
}

function Life({ session }: { readonly session: Session }): JSX.Element {
  const { merchant, state, openedAt, expiresAt, opened, captureContext, attempts, tokens } = session
  return (
    <>
      <Facts
        facts={[
          ['state', state],
          ['merchant', merchant],
          ['opened', openedAt === null ? null : dateAndTime(openedAt)],
          [
            state === 'open' ? 'expires' : 'expired',
            expiresAt === null ? null : dateAndTime(expiresAt),
          ],
        ]}
      />
      <ol class="life">
        <Stage title="The session is opened">
          {opened === null ? (
            <p class="quiet">The request that opened it is no longer kept.</p>
          ) : (
            <Attempt request={opened} withMessage />
          )}
        </Stage>
        {captureContext === null ? null : (
          <Stage title="Its capture context, claim by claim">
            <Explained text={captureContext} label="capture context" />
          </Stage>
        )}
        <Stage title="Token requests">
          {attempts.length === 0 ? (
            <p class="quiet">
              None yet. The card data, encrypted to the key of the capture context, goes to POST
              /flex/v2/tokens.
            </p>
          ) : (
            attempts.map((request) => <Attempt key={request.id} request={request} />)
          )}
        </Stage>
        {tokens.map((token) => (
          <TokenStage key={token.jti} token={token} />
        ))}
      </ol>
    </>
  )
}

function TokenStage({ token }: { readonly token: Session['tokens'][number] }): JSX.Element {
  return (
    <Stage title="Transient token">
      <Facts
        facts={[
          ['jti', <code key="jti">{token.jti}</code>],
          ['expires', token.expiresAt === null ? null : dateAndTime(token.expiresAt)],
        ]}
      />
      <Explained text={token.token} label="transient token" />
      <h3>Its uses</h3>
      {token.uses.length === 0 ? (
        <p class="quiet">It has not been used yet.</p>
      ) : (
        <ol class="rows">
          {token.uses.map((use) => (
            <RequestRow key={use.id} request={use} />
          ))}
        </ol>
      )}
    </Stage>
  )
}

function Stage({
  title,
  children,
}: {
  readonly title: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <li>
      <h2>{title}</h2>
      {children}
    </li>
  )
}

/** A request of the session: how it ended and what was checked. */
function Attempt({
  request,
  withMessage = false,
}: {
  readonly request: RequestRecord
  readonly withMessage?: boolean
}): JSX.Element {
  return (
    <section class="attempt">
      <h3>
        <a href={hrefOf('requests', request.id)}>
          {titleOf(request)} <span class="quiet">{request.id}</span>
        </a>{' '}
        <Outcome request={request} /> <time dateTime={request.at}>{timeOfDay(request.at)}</time>
      </h3>
      {request.cause === null ? null : <p class="sentence">{request.cause}</p>}
      {withMessage ? <MessageView message={request.request} label="request" /> : null}
      <Steps steps={request.steps} />
    </section>
  )
}

import type { JSX } from 'preact'
import { useConsole } from '../console-context.ts'
import type { Summary } from '../control/answers.ts'
import { hrefOf } from '../route.ts'
import { plural, shortId, timeOfDay } from '../words.ts'
import { FirstSteps } from './first-steps.tsx'
import { Heading, Panes } from './panes.tsx'
import { SessionPage } from './session.tsx'

/** The sessions of the requests that are kept, and the one that is open. */
export function SessionsPage(): JSX.Element {
  const { route, snapshot } = useConsole()
  const { id } = route
  const detail =
    id !== '' ? (
      <SessionPage key={id} kid={id} />
    ) : snapshot.requests === undefined ? null : (
      <FirstSteps />
    )
  return <Panes isOpen={id !== ''} list={<SessionList />} detail={detail} />
}

interface Listed {
  readonly kid: string
  readonly requests: readonly Summary[]
}

function SessionList(): JSX.Element {
  const { route, snapshot } = useConsole()
  const sessions = sessionsOf(snapshot.requests ?? [])
  return (
    <>
      <div class="list-head">
        <Heading isMain={route.id === ''}>Sessions</Heading>
        <p class="count">
          {snapshot.requests === undefined ? '' : plural(sessions.length, 'session')}
        </p>
      </div>
      {snapshot.requests !== undefined && sessions.length === 0 ? (
        <div class="empty">
          <p>No session has been opened yet.</p>
          <p class="quiet">
            A session begins with POST /flex/v2/sessions, or with a token in one call.
          </p>
        </div>
      ) : (
        <ol class="rows">
          {sessions.map((session) => (
            <SessionRow key={session.kid} session={session} isOpen={session.kid === route.id} />
          ))}
        </ol>
      )}
    </>
  )
}

function SessionRow({
  session: { kid, requests },
  isOpen,
}: {
  readonly session: Listed
  readonly isOpen: boolean
}): JSX.Element {
  const oldest = requests.at(-1)
  const tokens = requests.filter(({ jti, operation }) => jti !== null && operation === CREATE_TOKEN)
  const refused = requests.filter(({ outcome }) => outcome !== 'succeeded').length
  const counts = [
    plural(requests.length, 'request'),
    plural(tokens.length, 'token'),
    ...(refused === 0 ? [] : [`${refused} not answered well`]),
  ]
  return (
    <li class="row session-row">
      <a href={hrefOf('sessions', kid)} data-row={kid} aria-current={isOpen ? 'true' : undefined}>
        <time dateTime={oldest?.at}>{timeOfDay(oldest?.at ?? '')}</time>
        <span class="what">
          <code class="title">{shortId(kid)}</code>
        </span>
        <span class="merchant">{requests.find(({ merchant }) => merchant)?.merchant ?? '—'}</span>
        <span class="cause">{counts.join(', ')}</span>
      </a>
    </li>
  )
}

const CREATE_TOKEN = 'createTransientToken'

function sessionsOf(requests: readonly Summary[]): readonly Listed[] {
  const byKid = Map.groupBy(requests, ({ kid }) => kid ?? '')
  return [...byKid]
    .filter(([kid]) => kid !== '')
    .map(([kid, ofSession]) => ({ kid, requests: ofSession }))
}

import type { JSX } from 'preact'
import type { Inspection } from '../control/answers.ts'
import { hrefOf } from '../route.ts'
import { shortId } from '../words.ts'

/** What can be said of a token: whether it holds, and what every claim means. */
export function InspectionView({
  inspection,
  isAtHome = false,
}: {
  readonly inspection: Inspection
  /** Whether it stands on the page of its session, where no link to that is needed. */
  readonly isAtHome?: boolean
}): JSX.Element {
  const { parts, problems } = inspection
  return (
    <div class="inspection">
      <p class={`verdict ${inspection.verification.verified === false ? 'refused' : ''}`}>
        <Verdict inspection={inspection} />
        {isAtHome ? null : <Sightings inspection={inspection} />}
      </p>
      {problems.length === 0 ? null : (
        <ul class="problems">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      {parts
        .filter(({ title }) => title !== 'signature')
        .map((part) => (
          <section key={part.title} class="claims">
            <h3>{part.title}</h3>
            <dl>
              {part.rows.map(({ name, value, meaning }, index) => (
                <div key={index}>
                  <dt>{name}</dt>
                  <dd class="value">{value}</dd>
                  {meaning === null ? null : <dd class="meaning">{meaning}</dd>}
                </div>
              ))}
            </dl>
          </section>
        ))}
    </div>
  )
}

const VERDICTS = new Map([
  [true, 'Verified'],
  [false, 'Does not verify'],
])

function Verdict({
  inspection: { verification },
}: {
  readonly inspection: Inspection
}): JSX.Element {
  const { verified, by, problem, expiry } = verification
  const word = verified === null ? 'Not verified' : (VERDICTS.get(verified) ?? '')
  return (
    <>
      <strong>{word}</strong>
      {by === null ? null : ` by ${by}`}
      {problem === null ? '.' : `: ${problem}`}
      {expiry === null ? null : ` It ${expiry}.`}
    </>
  )
}

/** Where it was seen here. */
function Sightings({
  inspection: { session, requests },
}: {
  readonly inspection: Inspection
}): JSX.Element {
  return (
    <>
      {session === null ? null : (
        <>
          {' '}
          Its session: <a href={hrefOf('sessions', session)}>{shortId(session)}</a>.
        </>
      )}
      {requests.length === 0 ? null : <> Seen in{requests.map(linkTo)}</>}
    </>
  )
}

function linkTo(id: string): JSX.Element {
  return (
    <span key={id}>
      {' '}
      <a href={hrefOf('requests', id)}>{id}</a>
    </span>
  )
}

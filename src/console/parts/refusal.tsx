import type { JSX } from 'preact'
import { causeOf } from '../advice.ts'
import type { Explanation, RequestRecord } from '../control/answers.ts'
import { Comparison, Side } from './comparison.tsx'
import { Facts } from './facts.tsx'

/** Why a request was refused: the likely cause in words, what to look at, and the strings beside each other. */
export function Refusal({ request }: { readonly request: RequestRecord }): JSX.Element | null {
  const cause = causeOf(request)
  if (cause === undefined) return null
  const { error, explanation } = request
  return (
    <section class="refusal" aria-labelledby="why">
      <h2 id="why">{cause.headline}</h2>
      <p class="sentence">{cause.sentence}</p>
      <p>{cause.advice}</p>
      {explanation === null ? null : <Evidence explanation={explanation} />}
      <Facts
        facts={[
          ['code', error === null ? null : <code>{error.code}</code>],
          ['reason', request.reason === null ? null : <code>{request.reason}</code>],
          ['who can act', error?.actor],
          ...(error?.details ?? []).map(
            ({ location, message }) => [location ?? 'detail', message] as const,
          ),
        ]}
      />
    </section>
  )
}

function Evidence({ explanation }: { readonly explanation: Explanation }): JSX.Element {
  const { stringToSign, expected, received, missing, components, headers, problem } = explanation
  return (
    <>
      {stringToSign === null ? null : <StringsToSign strings={stringToSign} />}
      {expected === null || received === null ? null : (
        <Comparison
          expected={expected}
          received={received}
          names={['Expected, of the body that arrived', 'Received']}
        />
      )}
      <Facts
        facts={[
          ['key id', explanation.keyId],
          ['missing', missing?.join(', ')],
          ['not signed', components?.join(', ')],
          ['headers', headers?.join(', ')],
          ['problem', problem],
        ]}
      />
    </>
  )
}

function StringsToSign({
  strings: { expected, received },
}: {
  readonly strings: NonNullable<Explanation['stringToSign']>
}): JSX.Element {
  if (received !== null) {
    return (
      <Comparison
        expected={expected}
        received={received}
        names={['The string we expected', 'The string they signed']}
      />
    )
  }
  return (
    <div class="comparison">
      <Side name="The string we expected" text={expected} />
      <figure>
        <figcaption>The string they signed</figcaption>
        <p class="unknown">
          Probably the very same, under another secret: a signature does not tell what it was made
          of, and none of the known mistakes gives theirs.
        </p>
      </figure>
    </div>
  )
}

import type { JSX } from 'preact'
import { useConsole } from '../console-context.ts'
import type { PoolSample } from '../control/live.ts'
import { Chart, type Point } from '../parts/chart.tsx'
import { Facts } from '../parts/facts.tsx'
import { durationInWords, plural } from '../words.ts'
import { Heading } from './panes.tsx'

/** Signing keys, and the pools of session keys that are minted ahead. */
export function KeysPage(): JSX.Element {
  const { snapshot } = useConsole()
  const { state, pools } = snapshot
  const latest = pools.at(-1)?.pools
  const kinds = [...(latest?.kinds.keys() ?? [])]
  return (
    <div class="page">
      <Heading isMain>Keys</Heading>
      {state === undefined || latest === undefined ? null : (
        <>
          <h2>Session keys, minted ahead</h2>
          <p class="quiet lead">
            Every session takes one of its own. {plural(latest.ready, 'key')} at hand in this
            process, {plural(latest.waiting, 'session')} waiting.
          </p>
          <div class="cards">
            {kinds.map((kind) => (
              <Pool key={kind} kind={kind} samples={pools} />
            ))}
          </div>
          <h2>Signing keys</h2>
          <ul class="signing-keys">
            {state.signingKeys.map(({ kid, active }) => (
              <li key={kid}>
                <a href={`/flex/v2/public-keys/${encodeURIComponent(kid)}`}>
                  <code>{kid}</code>
                </a>{' '}
                {active ? 'signs capture contexts' : 'is published, and signs no more'}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  )
}

const POOLS: Readonly<Record<string, readonly [title: string, meaning: string]>> = {
  'pool-key': ['One-time keys', 'One for each session of a merchant with one-time keys.'],
  'rotated-pool-key': [
    'Keys to rotate',
    'The next modulus of merchants whose sessions share one for a while.',
  ],
}

function Pool({
  kind,
  samples,
}: {
  readonly kind: string
  readonly samples: readonly PoolSample[]
}): JSX.Element {
  const [title, meaning] = POOLS[kind] ?? [kind, '']
  const now = samples.at(-1)?.pools.kinds.get(kind)
  const depth = pointsOf(samples, (sample) => sample.pools.kinds.get(kind)?.depth ?? 0)
  const ages = pointsOf(samples, (sample) => sample.pools.kinds.get(kind)?.oldestSeconds ?? 0)
  const target = now?.target ?? 0
  const oldest = now?.oldestSeconds ?? null
  if (target === 0 && now?.depth === 0) {
    return (
      <section class="card">
        <h3>{title}</h3>
        <p>None are minted: session keys come from the bundled list, in order.</p>
      </section>
    )
  }
  return (
    <section class="card">
      <h3>{title}</h3>
      <p class="quiet">{meaning}</p>
      <p class="figure">
        {now?.depth ?? 0} <span class="quiet">of {target}</span>
      </p>
      <Chart points={depth} limit={target} name={`${title}: depth over the last minutes`} />
      <Facts facts={[['oldest', oldest === null ? 'none' : durationInWords(oldest)]]} />
      <Chart points={ages} name={`${title}: age of the oldest over the last minutes`} />
    </section>
  )
}

function pointsOf(
  samples: readonly PoolSample[],
  valueOf: (sample: PoolSample) => number,
): readonly Point[] {
  return samples.map((sample) => ({ at: sample.at, value: valueOf(sample) }))
}

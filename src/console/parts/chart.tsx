import type { JSX } from 'preact'

const WIDTH = 300
const HEIGHT = 60

/** A value at one moment, in milliseconds of a monotonic clock. */
export interface Point {
  readonly at: number
  readonly value: number
}

/** How a value went, as a line over time; `most` is the top, with a line of its own where `limit` is. */
export function Chart({
  points,
  name,
  limit,
}: {
  readonly points: readonly Point[]
  /** What it shows, for those who do not see it. */
  readonly name: string
  readonly limit?: number
}): JSX.Element {
  const [first, last] = [points[0], points.at(-1)]
  const top = Math.max(1, limit ?? 0, ...points.map(({ value }) => value)) * 1.1
  const span = Math.max(1, (last?.at ?? 0) - (first?.at ?? 0))
  const x = (at: number): number => (WIDTH * (at - (first?.at ?? 0))) / span
  const y = (value: number): number => HEIGHT - (HEIGHT * value) / top
  // A depth holds until it is heard to be another.
  const steps = points.map(({ at, value }, index) => {
    const before = points[index - 1]?.value ?? value
    return `L${round(x(at))} ${round(y(before))}L${round(x(at))} ${round(y(value))}`
  })
  const line = `M0 ${round(y(first?.value ?? 0))}${steps.join('')}L${WIDTH} ${round(y(last?.value ?? 0))}`
  return (
    <svg class="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img">
      <title>{name}</title>
      {limit === undefined ? null : <path class="limit" d={`M0 ${round(y(limit))}H${WIDTH}`} />}
      <path class="area" d={`${line}V${HEIGHT}H0Z`} />
      <path class="line" d={line} />
    </svg>
  )
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

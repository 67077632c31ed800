import type { KeyGauges, Metrics, Response } from '../telemetry/metrics.ts'

const MOST_UNCOUNTED = 1000

/** Makes metrics that load what counts when they are first asked for, or when a thousand responses wait to be counted. */
export function createLateMetrics(keys: KeyGauges): Metrics {
  const uncounted: Response[] = []
  let loaded: Metrics | undefined

  async function load(): Promise<Metrics> {
    const { createMetrics } = await import('../telemetry/metrics.ts')
    loaded ??= createMetrics(keys)
    for (const response of uncounted.splice(0)) loaded.noteResponse(response)
    return loaded
  }

  return {
    noteResponse: (response) => {
      if (loaded !== undefined) return loaded.noteResponse(response)
      if (uncounted.push(response) === MOST_UNCOUNTED) void load()
    },
    text: async () => (await load()).text(),
    members: async () => (await load()).members(),
  }
}

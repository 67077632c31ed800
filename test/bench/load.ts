import type { Load } from '../../bench/processes/generator.ts'

/** A load of a hundred successes, for judgements that look at nothing else of it. */
export const LOAD: Load = {
  statuses: { 201: 100 },
  replies: 100,
  seconds: 0.5,
  p50Milliseconds: 15,
  p99Milliseconds: 30,
  cpuMicroseconds: 3000,
  samples: [],
}

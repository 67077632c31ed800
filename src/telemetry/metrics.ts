import { Counter, Gauge, Histogram, Registry } from 'prom-client'

/** One answered request. The route is a template, never a path. */
export interface Response {
  readonly route: string
  readonly method: string
  readonly status: number
  readonly milliseconds: number
}

/** The numbers that operators watch. */
export interface Metrics {
  noteResponse(response: Response): void
  /** Writes them in Prometheus' text format. */
  text(): Promise<string>
  /** Returns them as JSON, from which those of several processes can be summed up. */
  members(): Promise<object>
}

/** The state of a process's session keys, read when metrics are collected. */
export interface KeyGauges {
  /** Claimed keys at hand in this process. */
  ready(): number
  /** Sessions that wait for a key in this process. */
  waiting(): number
}

const SECONDS_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]

/** Makes the metrics of one process. */
export function createMetrics(keys: KeyGauges): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const labelNames = ['route', 'method', 'status'] as const
  const responses = new Counter({
    name: 'coatcheck_http_responses_total',
    help: 'Responses by route template, method and status.',
    labelNames,
    registers,
  })
  const duration = new Histogram({
    name: 'coatcheck_http_duration_seconds',
    help: 'Time from the first byte of a request to the end of its response.',
    labelNames: ['route'],
    buckets: SECONDS_BUCKETS,
    registers,
  })
  addGauge(registry, {
    name: 'coatcheck_session_keys_ready',
    help: 'Claimed session keys at hand.',
    read: () => keys.ready(),
  })
  addGauge(registry, {
    name: 'coatcheck_session_keys_waiting',
    help: 'Sessions that wait for a key.',
    read: () => keys.waiting(),
  })
  return {
    noteResponse: ({ route, method, status, milliseconds }) => {
      responses.inc({ route, method, status })
      duration.observe({ route }, milliseconds / 1000)
    },
    text: () => registry.metrics(),
    members: () => registry.getMetricsAsJSON(),
  }
}

interface GaugeDescription {
  readonly name: string
  readonly help: string
  read(): number
}

/** Adds a gauge whose value is read when metrics are collected. */
export function addGauge(registry: Registry, { name, help, read }: GaugeDescription): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    collect: () => gauge.set(read()),
  })
}

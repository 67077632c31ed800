import type { Worker } from 'node:cluster'
import { AggregatorRegistry, type PrometheusContentType } from 'prom-client'
import { isJsonObject } from '../protocol/parse.ts'
import type { Metrics } from '../telemetry/metrics.ts'

const QUESTION = 'metrics'
const LONGEST_WAIT_MILLISECONDS = 1000

/** Answers the primary's questions for metrics; runs in a worker, before it listens. */
export function answerMetrics(own: Metrics): void {
  process.on('message', (message) => {
    if (message !== QUESTION) return
    void own.members().then((metrics) => process.send?.({ metrics }))
  })
}

/** Sums the metrics of workers up; those of a worker that does not answer within a second, or has just died, are missing. */
export async function collectMetrics(workers: readonly Worker[]): Promise<string> {
  const answers = await Promise.all(workers.map(ask))
  const answered = answers.filter((metrics) => metrics !== undefined)
  return AggregatorRegistry.aggregate<PrometheusContentType>(answered).metrics()
}

function ask(worker: Worker): Promise<object | undefined> {
  return new Promise((resolve) => {
    const finish = (metrics: object | undefined): void => {
      clearTimeout(timer)
      worker.off('message', onMessage)
      resolve(metrics)
    }
    const onMessage = (message: unknown): void => {
      if (isJsonObject(message) && Array.isArray(message['metrics'])) finish(message['metrics'])
    }
    const timer = setTimeout(finish, LONGEST_WAIT_MILLISECONDS, undefined)
    worker.on('message', onMessage)
    worker.send(QUESTION, (error) => {
      if (error !== null) finish(undefined)
    })
  })
}

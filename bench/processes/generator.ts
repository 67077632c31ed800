// The process that makes the load. It keeps the capture contexts of its last load of sessions: they become the token
// requests of the next load of tokens.

import type { Operation } from '../cases.ts'
import { answerQuestions } from '../helper.ts'
import { openConnections, type Connections, type HttpReply, type HttpRequest } from '../load.ts'
import { sessionRequest, tokenRequest, type Credential } from '../requests.ts'
import { spreadOf } from '../statistics.ts'

/** First `prepare`, outside the timed window; then `run`, inside. */
export type GeneratorQuestion =
  | {
      readonly step: 'prepare'
      readonly operation: Operation
      readonly port: number
      readonly connections: number
      readonly credential: Credential
      /** The most requests that will be sent. Tokens are limited by the sessions of the last load too. */
      readonly requests: number
    }
  | { readonly step: 'run'; readonly milliseconds: number }

/** What a load came to. */
export interface Load {
  /** How many replies had which status; 0 is a connection that broke. */
  readonly statuses: Readonly<Record<number, number>>
  readonly replies: number
  readonly seconds: number
  /** Medians and the 99th percentile of a reply's time. */
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  /** What making the load cost. */
  readonly cpuMicroseconds: number
  /** Some replies, and the capture context that each was, or was asked for with. */
  readonly samples: readonly { readonly captureContext: string; readonly body: string }[]
}

const SAMPLES = 3

let opened: readonly string[] = []
let connections: Connections | undefined
let requests: Iterator<HttpRequest> = [].values()

answerQuestions((question: GeneratorQuestion) =>
  question.step === 'prepare' ? prepare(question) : run(question.milliseconds),
)

type Preparation = Extract<GeneratorQuestion, { step: 'prepare' }>

async function prepare(preparation: Preparation): Promise<true> {
  const host = `127.0.0.1:${preparation.port}`
  requests = makeRequests(preparation, host).values()
  connections?.close()
  connections = await openConnections(preparation.port, preparation.connections)
  return true
}

function makeRequests(preparation: Preparation, host: string): readonly HttpRequest[] {
  const { operation, credential, requests: most } = preparation
  if (operation === 'token') {
    return opened.slice(0, most).map((captureContext) => tokenRequest(captureContext, host))
  }
  // Identical requests of one second sign identically, so one will do for a whole load.
  return Array<HttpRequest>(most).fill(sessionRequest(credential, host, new Date()))
}

async function run(milliseconds: number): Promise<Load> {
  if (connections === undefined) throw new Error('nothing was prepared')
  const begin = performance.now()
  const cpuBefore = process.cpuUsage()
  const replies = await connections.load(requests, milliseconds)
  const { user, system } = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - begin) / 1000
  opened = replies.filter(({ request }) => request.captureContext === '').map(({ body }) => body)
  return { ...summarize(replies), seconds, cpuMicroseconds: user + system }
}

function summarize(
  replies: readonly HttpReply[],
): Pick<Load, 'statuses' | 'replies' | 'p50Milliseconds' | 'p99Milliseconds' | 'samples'> {
  const statuses: Record<number, number> = {}
  for (const { status } of replies) statuses[status] = (statuses[status] ?? 0) + 1
  const times = replies.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b)
  const step = Math.max(1, Math.floor(replies.length / SAMPLES))
  return {
    statuses,
    replies: replies.length,
    p50Milliseconds: spreadOf(times).median,
    p99Milliseconds: times[Math.floor(times.length * 0.99)] ?? NaN,
    samples: replies
      .filter((_, index) => index % step === 0)
      .map(({ body, request }) => ({ captureContext: request.captureContext || body, body })),
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Now } from '../clock-and-random.ts'
import { decodeJws } from '../jose/jws.ts'
import { errorBody } from '../protocol/error-body.ts'
import { stringMember } from '../protocol/parse.ts'
import { ERRORS } from '../errors.ts'
import type { Exchange, Exchanges } from './exchange.ts'
import { faultError, isError } from './fault-error.ts'
import { meet } from './fault-wrappers.ts'
import type { Fault, FaultKind } from './fault.ts'
import type { Faults } from './faults.ts'
import { operationOf } from './operation.ts'
import { interceptReply, type SentReply } from './intercept-reply.ts'
import type { Finished } from './record.ts'

/** What stands between the listener and the service. */
interface InterceptNeeds {
  readonly exchanges: Exchanges
  readonly faults: Faults
  readonly now: Now
  readonly machine: Now
  /** Answers a request. */
  serve(request: IncomingMessage, response: ServerResponse): void
  /** Told of every request that has ended. */
  record(finished: Finished): void
}

const MOST_BODY_BYTES = 64 * 1024

/** Makes the listener that knows each request, lets it meet the faults of its reply, and tells of it once it has ended. */
export function createInterceptor(
  needs: InterceptNeeds,
): (request: IncomingMessage, response: ServerResponse) => void {
  return function intercept(request, response) {
    const exchange = beginExchange(request)
    const [at, wallAt] = [needs.now(), needs.machine()]
    const body = tapBody(request)
    const sent = interceptReply(response, (reply) => meetAtReply(needs, exchange, reply))
    response.once('close', () => {
      const { chunks, bytes } = body
      const [first = Buffer.alloc(0)] = chunks
      const requestBody = chunks.length > 1 ? Buffer.concat(chunks) : first
      const isWhole = response.writableFinished && sent.isWhole()
      const reply = sent.reply()
      needs.record({
        exchange,
        at,
        wallAt,
        requestHeaders: request.rawHeaders,
        requestBody,
        requestBytes: bytes(),
        reply: reply === undefined ? undefined : { ...reply, isWhole },
      })
    })
    needs.exchanges.run(exchange, () => needs.serve(request, response))
  }
}

function beginExchange(request: IncomingMessage): Exchange {
  const { method = '', url = '' } = request
  return {
    method,
    target: url,
    operation: operationOf(method, url),
    merchant: claimedMerchant(request),
    startedAt: performance.now(),
    steps: [],
    met: new Set(),
    rsaRuns: 0,
    isSigning: false,
    signFaults: [],
    skewSeconds: 0,
    signatureSkewSeconds: 0,
  }
}

/** The merchant that a request says it is from, not yet authenticated. */
function claimedMerchant({ headers }: IncomingMessage): string | undefined {
  const named = headers['v-c-merchant-id']
  if (typeof named === 'string') return named
  const jws = decodeJws(headers.authorization?.replace(/^Bearer +/i, '') ?? '')
  if (jws === undefined) return undefined
  return stringMember(jws.claims, 'v-c-merchant-id') ?? stringMember(jws.header, 'v-c-merchant-id')
}

interface TappedBody {
  readonly chunks: readonly Buffer[]
  bytes(): number
}

/** Keeps what is read of a body, without having it read. */
function tapBody(request: IncomingMessage): TappedBody {
  const chunks: Buffer[] = []
  let count = 0
  const emit = request.emit.bind(request)
  request.emit = (event: string | symbol, ...values: unknown[]): boolean => {
    const [chunk] = values
    if (event === 'data' && Buffer.isBuffer(chunk)) {
      if (count < MOST_BODY_BYTES) chunks.push(chunk)
      count += chunk.length
    }
    return emit(event, ...values)
  }
  return { chunks, bytes: () => count }
}

/** Lets a reply meet its faults. Returns at once what is sent when there are none. */
function meetAtReply(
  { faults }: InterceptNeeds,
  exchange: Exchange,
  reply: SentReply,
): SentReply | Promise<SentReply> {
  const met = faults.take('reply', exchange)
  return met.length === 0 ? reply : changeReply(met, exchange, reply)
}

async function changeReply(
  met: readonly Fault[],
  exchange: Exchange,
  reply: SentReply,
): Promise<SentReply> {
  await meet(
    met.filter((fault) => !isError(fault)),
    exchange,
  )
  const error = met.find(isError)
  const changed = error === undefined ? reply : replaceReply(error, exchange, reply)
  const wants = (kind: FaultKind): boolean => met.some((fault) => fault.kind === kind)
  if (wants('reset')) return { ...changed, ending: 'reset' }
  return wants('cut-off') ? { ...changed, ending: 'cut-off' } : changed
}

function replaceReply(fault: Fault, exchange: Exchange, { headers }: SentReply): SentReply {
  const error = faultError(fault, exchange)
  const { code, details, explanation = {}, status, retryAfterSeconds } = error
  exchange.refusal = { code, details, explanation }
  const correlationId = headers['v-c-correlation-id']
  const { actor, cause, fix } = ERRORS[code]
  const extra = { coatcheck: { code, actor, cause, fix, ...explanation } }
  const text = errorBody(error, typeof correlationId === 'string' ? correlationId : '', extra)
  const kept = Object.entries(headers).filter(([name]) => /^(v-c-|access-control-|vary)/.test(name))
  const body = Buffer.from(JSON.stringify(text), 'utf8')
  return {
    status,
    headers: {
      ...Object.fromEntries(kept),
      'cache-control': 'no-store',
      'content-type': 'application/json',
      'content-length': body.length,
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body,
    ending: 'whole',
  }
}

import type { OutgoingHttpHeaders } from 'node:http'
import { ERRORS } from '../errors.ts'
import type { LogFields } from '../telemetry/logger.ts'
import { stringMember } from '../protocol/parse.ts'
import { sinceStart, type Exchange, type Refusal, type TimedStep } from './exchange.ts'
import { isErrorCode } from './fault.ts'
import { readLinks, type Links } from './links.ts'
import {
  keepBody,
  keepReplyBody,
  readBody,
  receivedHeaders,
  sentHeaders,
  type KeptBody,
  type RecordedMessage,
} from './recorded-message.ts'
import { scrubFields, scrubHeaders, scrubText } from './scrub.ts'

/** How a request ended: answered well, with 4xx, with 5xx, or not to the end. */
export type Outcome = 'succeeded' | 'refused' | 'failed' | 'broken'

/** One request, in short. */
export interface RequestSummary {
  readonly id: string
  /** By the emulator's clock. */
  readonly at: string
  readonly method: string
  readonly path: string
  readonly operation: string | null
  readonly merchant: string | null
  readonly status: number | null
  readonly outcome: Outcome
  readonly code: string | null
  readonly reason: string | null
  /** The probable mistake, in a sentence. */
  readonly cause: string | null
  readonly milliseconds: number
  readonly kid: string | null
  readonly jti: string | null
  /** The ids of the faults that it met. */
  readonly faults: readonly string[]
}

/** An error as the catalogue describes it. */
export interface RecordedError {
  readonly code: string
  readonly status: number
  readonly actor: string
  readonly message: string
  readonly cause: string
  readonly fix: string
  readonly details: readonly unknown[]
}

/** One request, whole. Everything is scrubbed. */
export interface RequestRecord extends RequestSummary {
  readonly wallAt: string
  readonly correlationId: string | null
  readonly scheme: string | null
  readonly request: RecordedMessage
  /** Null when the connection ended before it was answered. */
  readonly reply: RecordedMessage | null
  readonly steps: readonly TimedStep[]
  readonly error: RecordedError | null
  readonly explanation: LogFields | null
  readonly links: Links & { readonly session: string | null }
}

/** What came in and went out, as it was. */
export interface Finished {
  readonly exchange: Exchange
  readonly at: Date
  readonly wallAt: Date
  /** Names and values by turns, as `rawHeaders` has them. */
  readonly requestHeaders: readonly string[]
  readonly requestBody: Buffer
  readonly requestBytes: number
  /** Undefined when the connection ended before it was answered. */
  readonly reply: FinishedReply | undefined
}

/** What went out. */
export interface FinishedReply {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly body: string | Buffer
  /** Whether all of it was sent. */
  readonly isWhole: boolean
}

const LONGEST_PATH = 8192

/** A request that has ended: its bodies are scrubbed, all else is when somebody wants to read it. */
export interface Kept extends Pick<Finished, 'exchange' | 'at' | 'wallAt' | 'requestHeaders'> {
  readonly milliseconds: number
  readonly requestBody: KeptBody
  readonly reply: KeptReply | undefined
}

interface KeptReply extends Omit<FinishedReply, 'body'> {
  readonly body: KeptBody
}

/** Scrubs the bodies of a request that has ended, before anybody keeps it. */
export function keepRequest(finished: Finished): Kept {
  const { exchange, at, wallAt, requestHeaders, requestBytes, reply } = finished
  return {
    exchange,
    at,
    wallAt,
    milliseconds: sinceStart(exchange),
    requestHeaders,
    requestBody: keepBody(finished.requestBody, requestBytes),
    reply: reply === undefined ? undefined : { ...reply, body: keepReplyBody(reply) },
  }
}

/** Makes the record of a request that was kept. */
export function makeRecord(id: string, kept: Kept): RequestRecord {
  const { exchange, milliseconds, reply } = kept
  const { method, target, operation = null, merchant, scheme = null, refusal, steps } = exchange
  const status = reply?.status ?? null
  const requestBody = readBody(kept.requestBody)
  const replyBody = reply === undefined ? undefined : readBody(reply.body)
  const bodies = { requestBody: requestBody.text, replyBody: replyBody?.text ?? '' }
  const links = readLinks({ exchange, ...bodies, status: status ?? 0 })
  const { kid, jti } = links
  const explanation = refusal?.explanation ? scrubFields(refusal.explanation) : null
  return {
    id,
    at: kept.at.toISOString(),
    method,
    // Before it is cut, as part of a card number would not be found.
    path: scrubText(target).slice(0, LONGEST_PATH),
    operation,
    merchant: merchant === undefined ? null : scrubText(merchant),
    status,
    outcome: outcomeOf(reply),
    code: refusal?.code ?? null,
    ...inShort(refusal, explanation),
    milliseconds,
    kid,
    jti,
    faults: [...exchange.met],
    wallAt: kept.wallAt.toISOString(),
    correlationId: correlationIdOf(reply),
    scheme,
    request: { headers: scrubHeaders(receivedHeaders(kept.requestHeaders)), body: requestBody },
    reply:
      reply === undefined || replyBody === undefined
        ? null
        : { headers: scrubHeaders(sentHeaders(reply.headers)), body: replyBody },
    steps,
    error: refusal === undefined ? null : describeError(refusal),
    explanation,
    links: { ...links, session: kid === null ? null : `/_dev/sessions/${kid}` },
  }
}

/** Takes of a record what a list shows. */
export function summaryOf(record: RequestRecord): RequestSummary {
  const { wallAt: _wallAt, correlationId: _correlationId, scheme: _scheme, ...rest } = record
  const { request: _request, reply: _reply, steps: _steps, ...shorter } = rest
  const { error: _error, explanation: _explanation, links: _links, ...summary } = shorter
  return summary
}

/** Estimates how many bytes a request takes that is kept. */
export function sizeOf({ exchange, requestHeaders, requestBody, reply }: Kept): number {
  const { target, refusal } = exchange
  const explained = refusal?.explanation ? JSON.stringify(refusal.explanation).length : 0
  const headers = requestHeaders.reduce((sum, text) => sum + text.length, 0)
  const bodies = requestBody.content.length + (reply?.body.content.length ?? 0)
  return 1500 + target.length + headers + bodies + explained
}

function outcomeOf(reply: KeptReply | undefined): Outcome {
  if (reply === undefined || !reply.isWhole) return 'broken'
  if (reply.status >= 500) return 'failed'
  return reply.status >= 400 ? 'refused' : 'succeeded'
}

function describeError({ code, details }: Refusal): RecordedError | null {
  if (!isErrorCode(code)) return null
  const { status, actor, message, cause, fix } = ERRORS[code]
  return { code, status, actor, message, cause, fix, details }
}

function inShort(
  refusal: Refusal | undefined,
  explanation: LogFields | null,
): Pick<RequestSummary, 'reason' | 'cause'> {
  if (refusal === undefined) return { reason: null, cause: null }
  const { code } = refusal
  const known = isErrorCode(code) ? ERRORS[code].cause : null
  const said = (name: string): string | undefined => stringMember(explanation ?? {}, name)
  const clock = said('clockDifference')
  const ofClock = clock === undefined ? undefined : `The client's clock is off: ${clock}.`
  const cause = said('mistake') ?? ofClock ?? said('message') ?? known
  return { reason: said('reason') ?? null, cause }
}

function correlationIdOf(reply: KeptReply | undefined): string | null {
  const id = reply?.headers['v-c-correlation-id']
  return typeof id === 'string' ? id : null
}

import { ERRORS } from '../errors.ts'
import type { LogFields } from '../telemetry/logger.ts'
import { stringMember } from '../protocol/parse.ts'
import { sinceStart, type Exchange, type Refusal, type TimedStep } from './exchange.ts'
import { isErrorCode } from './fault.ts'
import { readLinks, type Links } from './links.ts'
import { scrubBody, scrubFields, scrubHeaders, scrubText } from './scrub.ts'

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

/** The text of a body; cut where `truncated`. */
export interface RecordedBody {
  readonly text: string
  readonly bytes: number
  readonly truncated: boolean
}

/** Headers in their order, and a body. */
export interface RecordedMessage {
  readonly headers: readonly (readonly [string, string])[]
  readonly body: RecordedBody
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
  readonly requestHeaders: readonly (readonly [string, string])[]
  readonly requestBody: Buffer
  readonly requestBytes: number
  /** Undefined when the connection ended before it was answered. */
  readonly reply: FinishedReply | undefined
}

/** What went out. */
export interface FinishedReply {
  readonly status: number
  readonly headers: readonly (readonly [string, string])[]
  readonly body: string | Buffer
  /** Whether all of it was sent. */
  readonly isWhole: boolean
}

const LONGEST_TEXT = 16 * 1024
const LONGEST_PATH = 8192

/** A request that has ended, scrubbed: what is kept until somebody wants to read it. */
export interface Kept {
  readonly exchange: Exchange
  readonly at: Date
  readonly wallAt: Date
  readonly milliseconds: number
  readonly path: string
  readonly merchant: string | null
  readonly explanation: LogFields | null
  readonly request: RecordedMessage
  readonly reply: RecordedMessage | null
  readonly status: number | null
  readonly outcome: Outcome
}

/** Scrubs a request that has ended, before anybody keeps it. */
export function scrubRequest(finished: Finished): Kept {
  const { exchange, at, wallAt, reply } = finished
  const { merchant = null, refusal, target } = exchange
  const text = finished.requestBody.toString('utf8')
  return {
    exchange,
    at,
    wallAt,
    milliseconds: sinceStart(exchange),
    // Before it is cut, as part of a card number would not be found.
    path: scrubText(target).slice(0, LONGEST_PATH),
    merchant: merchant === null ? null : scrubText(merchant),
    explanation: refusal?.explanation ? scrubFields(refusal.explanation) : null,
    request: {
      headers: scrubHeaders(finished.requestHeaders),
      body: recordBody(text, finished.requestBytes),
    },
    reply: reply === undefined ? null : recordReply(reply),
    status: reply?.status ?? null,
    outcome: outcomeOf(reply),
  }
}

/** Makes the record of a request that was kept. */
export function makeRecord(id: string, kept: Kept): RequestRecord {
  const { exchange, path, merchant, status, outcome, milliseconds, request, reply } = kept
  const { method, operation = null, scheme = null, refusal, steps } = exchange
  const bodies = { requestBody: request.body.text, replyBody: reply?.body.text ?? '' }
  const links = readLinks({ exchange, ...bodies, status: status ?? 0 })
  const { kid, jti } = links
  return {
    id,
    at: kept.at.toISOString(),
    method,
    path,
    operation,
    merchant,
    status,
    outcome,
    code: refusal?.code ?? null,
    ...inShort(refusal, kept.explanation),
    milliseconds,
    kid,
    jti,
    faults: [...exchange.met],
    wallAt: kept.wallAt.toISOString(),
    correlationId: headerOf(reply?.headers ?? [], 'v-c-correlation-id'),
    scheme,
    request,
    reply,
    steps,
    error: refusal === undefined ? null : describeError(refusal),
    explanation: kept.explanation,
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
export function sizeOf({ path, request, reply, explanation }: Kept): number {
  const explained = explanation === null ? 0 : JSON.stringify(explanation).length
  return 1000 + path.length + lengthOf(request) + (reply === null ? 0 : lengthOf(reply)) + explained
}

function lengthOf({ headers, body }: RecordedMessage): number {
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length, body.text.length)
}

function outcomeOf(reply: FinishedReply | undefined): Outcome {
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

function recordReply({ headers, body }: FinishedReply): RecordedMessage {
  const text = typeof body === 'string' ? body : body.toString('utf8')
  // What the service has signed itself holds no card data.
  const isOwn = headerOf(headers, 'content-type')?.startsWith('application/jwt') === true
  const bytes = Buffer.byteLength(body)
  return {
    headers: scrubHeaders(headers),
    body: isOwn ? cutBody(text, bytes) : recordBody(text, bytes),
  }
}

function recordBody(text: string, bytes: number): RecordedBody {
  return cutBody(scrubBody(text), bytes)
}

function cutBody(text: string, bytes: number): RecordedBody {
  return { text: text.slice(0, LONGEST_TEXT), bytes, truncated: text.length > LONGEST_TEXT }
}

function headerOf(headers: readonly (readonly [string, string])[], name: string): string | null {
  return headers.find(([each]) => each.toLowerCase() === name)?.[1] ?? null
}

import { FlexError, localError, type FlexErrorFacts } from './flex-error.ts'
import { parseCorrelationId, parseErrorBody } from './parse-error-body.ts'

/** How a request is carried. */
export interface Transport {
  /** What carries it instead of the runtime's own `fetch`. Default is the global `fetch` of the moment of the call. */
  readonly fetch?: typeof fetch
  /** Seconds until the whole reply must have been received. Default is 30. */
  readonly timeoutSeconds?: number
  /** Ends the request early, with the reason `ABORTED`. Default is none. */
  readonly signal?: AbortSignal
}

/** A request that is ready to go. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

const TIMEOUT_SECONDS = 30
/** The longest that a timer can be set to. */
const MAX_TIMEOUT_SECONDS = 2_147_483

/** Reads the text of a successful reply; undefined when it is not what was asked for. */
export type ParseReply<Reply> = (text: string) => Reply | undefined

/**
 * Sends a request and returns what `parse` reads from a successful reply (status 2xx).
 *
 * Redirects are never followed: they would carry credentials or card data to an address that nobody allowed.
 *
 * @throws FlexError with the service's reason, or `NETWORK_ERROR`, `TIMEOUT`, `ABORTED`, `REDIRECTED`, `REPLY_INVALID`,
 * `AUTHENTICATION_FAILED`, `NOT_FOUND`, `HTTP_ERROR`, `OPTIONS_INVALID`.
 */
export async function send<Reply>(
  request: OutgoingRequest,
  transport: Transport,
  parse: ParseReply<Reply>,
): Promise<Reply> {
  const { response, text } = await exchange(request, transport)
  if (!response.ok) throw errorOfReply(response, text)
  const reply = parse(text)
  if (reply === undefined) throw new FlexError('REPLY_INVALID', factsOf(response))
  return reply
}

/** Returns the timeout in seconds, or refuses one that no timer can keep. */
export function checkTimeout(timeoutSeconds: number = TIMEOUT_SECONDS): number {
  if (timeoutSeconds > 0 && timeoutSeconds <= MAX_TIMEOUT_SECONDS) return timeoutSeconds
  throw localError(
    'OPTIONS_INVALID',
    `timeoutSeconds must be above 0, at most ${MAX_TIMEOUT_SECONDS}.`,
  )
}

interface Exchanged {
  readonly response: Response
  readonly text: string
}

async function exchange(request: OutgoingRequest, transport: Transport): Promise<Exchanged> {
  const { method, url, headers, body } = request
  // Called as a bare function: browsers refuse a `fetch` that is called as a method of anything but the global object.
  const fetchIt = transport.fetch ?? fetch
  const timeout = AbortSignal.timeout(Math.ceil(checkTimeout(transport.timeoutSeconds) * 1000))
  const signal =
    transport.signal === undefined ? timeout : AbortSignal.any([timeout, transport.signal])
  try {
    const response = await fetchIt(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal,
    })
    return { response, text: await response.text() }
  } catch (error) {
    if (transport.signal?.aborted === true) throw new FlexError('ABORTED')
    if (timeout.aborted) throw new FlexError('TIMEOUT')
    throw networkError(error)
  }
}

const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,39}$/

/** Keeps nothing of what `fetch` threw but the system's code: its texts may quote the URL, which can hold a token. */
function networkError(error: unknown): FlexError {
  const thrown = error instanceof Error ? (error.cause ?? error) : error
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : ''
  if (typeof code !== 'string' || !SYSTEM_CODE.test(code)) return new FlexError('NETWORK_ERROR')
  return localError('NETWORK_ERROR', code)
}

const REASONS_BY_STATUS: ReadonlyMap<number, 'AUTHENTICATION_FAILED' | 'NOT_FOUND'> = new Map([
  [401, 'AUTHENTICATION_FAILED'],
  [404, 'NOT_FOUND'],
])

function errorOfReply(response: Response, text: string): FlexError {
  const { status, headers, type } = response
  const facts = factsOf(response)
  // A browser hides the status of a redirect that is not followed.
  const isRedirect = type === 'opaqueredirect' || (status >= 300 && status < 400)
  if (isRedirect) return new FlexError('REDIRECTED', facts)
  const body = parseErrorBody(text)
  return new FlexError(body.reason ?? REASONS_BY_STATUS.get(status) ?? 'HTTP_ERROR', {
    status,
    message: body.message ?? `The service replied with status ${status}`,
    correlationId: facts.correlationId ?? body.correlationId,
    details: body.details,
    retryAfterSeconds: secondsOf(headers.get('retry-after')),
  })
}

function factsOf({ status, headers }: Response): Pick<FlexErrorFacts, 'status' | 'correlationId'> {
  return { status, correlationId: parseCorrelationId(headers.get('v-c-correlation-id')) }
}

function secondsOf(retryAfter: string | null): number | undefined {
  return retryAfter !== null && /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined
}

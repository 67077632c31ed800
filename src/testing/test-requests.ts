import type { RequestRecord } from '../dev/record.ts'
import type { Recorder, RequestFilter } from '../dev/recorder.ts'

/** Which requests are wanted: by members, all of which must agree, or by a function. */
export type RequestMatch = RequestFilter | ((request: RequestRecord) => boolean)

/** How long to wait for a request. */
export interface WaitOptions {
  /** Default is 5000. */
  readonly timeoutMilliseconds?: number
}

/** The requests that the emulator has answered, the last 500 of them. Card numbers in them are masked. */
export interface TestRequests {
  /**
   * Resolves with the next request that fits and is answered from now on; with `after`, an id, also with one that was answered
   * since. Begin to wait before what sends the request: `const sent = requests.next(…); await pay(); await sent`.
   *
   * @throws RequestTimeoutError when none comes in time, or the emulator is stopped or reset.
   */
  next(match?: RequestMatch, options?: WaitOptions): Promise<RequestRecord>
  /** Every request that fits, oldest first. */
  all(match?: RequestMatch): readonly RequestRecord[]
  /** The newest request that fits; undefined when there is none. */
  last(match?: RequestMatch): RequestRecord | undefined
}

/** What {@link createTestRequests} returns. */
interface OwnedRequests extends TestRequests {
  /** Ends all waiting. */
  endWaiting(): void
}

/** No request came that was waited for. */
export class RequestTimeoutError extends Error {
  override readonly name = 'RequestTimeoutError'
  /** The requests that came meanwhile and did not fit, oldest first, each in short, such as `POST /flex/v2/tokens 201`. */
  readonly others: readonly string[]

  constructor(others: readonly string[]) {
    const seen = others.length === 0 ? 'None came at all.' : `Others came: ${others.join(', ')}.`
    super(`The request that was waited for did not come. ${seen}`)
    this.others = others
  }
}

const TIMEOUT_MILLISECONDS = 5000
const MOST_NAMED = 10

/** Makes of a recorder what tests see of it. */
export function createTestRequests(recorder: Recorder): OwnedRequests {
  let waiting = new AbortController()

  function all(match: RequestMatch = {}): readonly RequestRecord[] {
    if (typeof match !== 'function') return recorder.list(match).toReversed()
    return recorder.list().toReversed().filter(match)
  }

  async function next(
    match: RequestMatch = {},
    { timeoutMilliseconds = TIMEOUT_MILLISECONDS }: WaitOptions = {},
  ): Promise<RequestRecord> {
    const since = recorder.status().last ?? 'r0'
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(), timeoutMilliseconds)
    const signal = AbortSignal.any([waiting.signal, timeout.signal])
    try {
      return await waitFor(recorder, { match, since }, signal)
    } catch {
      const others = recorder.list({ after: since }).toReversed().slice(-MOST_NAMED)
      throw new RequestTimeoutError(others.map(inShort))
    } finally {
      clearTimeout(timer)
    }
  }

  function endWaiting(): void {
    waiting.abort()
    waiting = new AbortController()
  }

  return { next, all, last: (match) => all(match).at(-1), endWaiting }
}

interface Awaited {
  readonly match: RequestMatch
  /** The id of the newest request when the waiting began. */
  readonly since: string
}

async function waitFor(
  recorder: Recorder,
  { match, since }: Awaited,
  signal: AbortSignal,
): Promise<RequestRecord> {
  if (typeof match !== 'function') return recorder.next(match, signal)
  let found = await recorder.next({ after: since }, signal)
  while (!match(found)) found = await recorder.next({ after: found.id }, signal)
  return found
}

function inShort({ method, path, status }: RequestRecord): string {
  return `${method} ${path} ${status ?? 'broken'}`
}

import {
  keepRequest,
  makeRecord,
  sizeOf,
  summaryOf,
  type Finished,
  type Kept,
  type RequestRecord,
  type RequestSummary,
} from './record.ts'

const MOST_REQUESTS = 500
const MOST_BYTES = 16 * 1024 * 1024

/** Which requests are wanted; all that is given must agree. */
export interface RequestFilter {
  readonly operation?: string
  readonly merchant?: string
  readonly outcome?: string
  readonly status?: number
  readonly kid?: string
  readonly method?: string
  /** A path, with or without query; compared with the beginning of the request's. */
  readonly path?: string
  /** The id of a request: only newer ones. */
  readonly after?: string
}

/** The last requests of an emulator, scrubbed. */
export interface Recorder {
  /** Keeps a request that has ended. */
  add(finished: Finished): void
  /** The requests that are kept, newest first. */
  list(filter?: RequestFilter): readonly RequestRecord[]
  /** One request; undefined when it is not, or no longer, kept. */
  find(id: string): RequestRecord | undefined
  /** Resolves with the next request that fits, which may have come before when `after` says so; rejects when the signal aborts. */
  next(filter: RequestFilter, signal: AbortSignal): Promise<RequestRecord>
  /** Forgets every request. Ids go on. */
  clear(): void
  status(): RecorderStatus
  /** Calls a function with every request that is kept. Returns what ends that. */
  onRequest(listener: (summary: RequestSummary) => void): () => void
}

/** How much is kept. */
export interface RecorderStatus {
  readonly count: number
  /** The id of the newest request since the start; null before the first. */
  readonly last: string | null
  readonly keeps: number
  readonly bytes: number
}

/** Makes a recorder that keeps nothing yet. */
export function createRecorder(): Recorder {
  const kept = new Map<string, Entry>()
  const listeners = new Set<Listener>()
  let added = 0
  let bytes = 0

  function forgetOldest(): void {
    const [oldest] = kept
    if (oldest === undefined) return
    const [id, { bytes: size }] = oldest
    kept.delete(id)
    bytes -= size
  }

  function add(finished: Finished): void {
    added += 1
    const entry = toEntry(`r${added}`, keepRequest(finished))
    kept.set(`r${added}`, entry)
    bytes += entry.bytes
    while (kept.size > MOST_REQUESTS || (bytes > MOST_BYTES && kept.size > 1)) forgetOldest()
    for (const listener of listeners) listener(entry.record())
  }

  function list(filter: RequestFilter = {}): readonly RequestRecord[] {
    const records = [...kept.values()].map(({ record }) => record())
    return records.filter((record) => fits(record, filter)).toReversed()
  }

  async function next(filter: RequestFilter, signal: AbortSignal): Promise<RequestRecord> {
    const seen = filter.after === undefined ? undefined : list(filter).at(-1)
    return seen ?? waitForNext(listeners, filter, signal)
  }

  return {
    add,
    list,
    find: (id) => kept.get(id)?.record(),
    next,
    clear: () => {
      kept.clear()
      bytes = 0
    },
    status: () => ({
      count: kept.size,
      last: added === 0 ? null : `r${added}`,
      keeps: MOST_REQUESTS,
      bytes,
    }),
    onRequest: (listener) => {
      const summarize = (record: RequestRecord): void => listener(summaryOf(record))
      listeners.add(summarize)
      return () => listeners.delete(summarize)
    },
  }
}

interface Entry {
  readonly bytes: number
  record(): RequestRecord
}

/** Most requests are never looked at: what they have to do with is read only when one is. */
function toEntry(id: string, request: Kept): Entry {
  let made: RequestRecord | undefined
  return { bytes: sizeOf(request), record: () => (made ??= makeRecord(id, request)) }
}

type Listener = (record: RequestRecord) => void

function waitForNext(
  listeners: Set<Listener>,
  filter: RequestFilter,
  signal: AbortSignal,
): Promise<RequestRecord> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      listeners.delete(look)
      signal.removeEventListener('abort', abort)
    }
    const look: Listener = (record) => {
      if (!fits(record, filter)) return
      end()
      resolve(record)
    }
    const abort = (): void => {
      end()
      reject(new Error('no such request came'))
    }
    listeners.add(look)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })
}

const COMPARED = ['operation', 'merchant', 'outcome', 'status', 'kid', 'method'] as const

function fits(record: RequestRecord, filter: RequestFilter): boolean {
  const { after, path } = filter
  if (after !== undefined && numberOf(record.id) <= numberOf(after)) return false
  if (path !== undefined && !record.path.startsWith(path)) return false
  return COMPARED.every((name) => filter[name] === undefined || filter[name] === record[name])
}

function numberOf(id: string): number {
  return Number(id.slice(1))
}

import { OperatorError } from '../../errors.ts'
import { mergeAll } from '../read-fault.ts'
import { summaryOf, type RequestRecord } from '../record.ts'
import type { RequestFilter } from '../recorder.ts'
import { readNumber, type ControlCall } from './call.ts'
import { ControlError } from './control-error.ts'
import type { ControlNeeds } from './state.ts'

const MOST = 500
const USUAL = 100
const LONGEST_WAIT_SECONDS = 30
const TEXTS = ['operation', 'merchant', 'outcome', 'kid', 'method', 'path', 'after'] as const

/** Lists requests, newest first; waits for one when asked to and none fits yet. */
export async function listRequests(
  { requests }: ControlNeeds,
  call: ControlCall,
  signal: AbortSignal,
): Promise<object> {
  const limit = readNumber(call, 'limit', MOST) ?? USUAL
  const wait = readNumber(call, 'wait', LONGEST_WAIT_SECONDS) ?? 0
  const filter = readFilter(call)
  let found = requests.list(filter)
  if (found.length === 0 && wait > 0) {
    const either = AbortSignal.any([signal, AbortSignal.timeout(wait * 1000)])
    await requests.next(filter, either).catch(() => undefined)
    found = requests.list(filter)
  }
  return { requests: found.slice(0, limit).map(summaryOf), last: requests.status().last }
}

function readFilter(call: ControlCall): RequestFilter {
  const texts = TEXTS.map((name): RequestFilter => {
    const text = call.query[name]
    return text === undefined ? {} : { [name]: text }
  })
  const status = readNumber(call, 'status', 599)
  const filter = mergeAll([...texts, status === undefined ? {} : { status }])
  if (filter.after === undefined || /^r\d{1,9}$/.test(filter.after)) return filter
  throw new OperatorError('"after" is not the id of a request.', 'It must be such as r12.')
}

/** Returns one request, whole. */
export function showRequest({ requests }: ControlNeeds, { parameter }: ControlCall): RequestRecord {
  const record = requests.find(parameter)
  if (record !== undefined) return record
  throw new ControlError(404, {
    problem: 'No request of this id is kept.',
    fix: 'GET /_dev/requests lists those that are; the last 500 are.',
  })
}

import type { FlexError } from '../../client/flex-error.ts'
import { stringMember, stringsMember, type JsonObject } from '../../protocol/parse.ts'
import type { Cell } from './report.ts'

/** Codes under which a reply says the precise reason, and for which its `fix` only points there. */
const PRECISE = ['AUTHENTICATION_FAILED', 'HEADERS_MISSING']

const FIXES: Readonly<Record<string, string>> = {
  NETWORK_ERROR:
    'Is it running, and is --url its address? For https of your own, trust its authority with NODE_EXTRA_CA_CERTS.',
  TIMEOUT: 'Is it overloaded, or is --url the address of something else?',
  REDIRECTED: 'Name the address that it redirects to with --url.',
  REPLY_INVALID: 'Is --url the address of the service itself?',
  ORIGIN_NOT_ALLOWED: 'If that address is the service’s own, allow it with --origin.',
}

/** Says in words why a call failed, and what to change: what the reply says itself comes before what is known of the way. */
export function explainFailure(error: FlexError, coatcheck: JsonObject, fixOfWay?: string): Cell {
  const { reason, message, details, status, correlationId } = error
  const code = stringMember(coatcheck, 'code') ?? reason
  const precise = stringMember(coatcheck, 'message')
  const isStub = coatcheck['stub'] === true
  const named = details.map((detail) => `${detail.location}: ${detail.message}`.replace(/^: /, ''))
  const why = stringsMember(coatcheck, 'why') ?? []
  const words = [precise === undefined || isStub ? message : precise, ...named, ...why]
  const fix =
    stringMember(coatcheck, 'mistake') ??
    (PRECISE.includes(code) ? fixOfWay : stringMember(coatcheck, 'fix')) ??
    FIXES[reason] ??
    fixOfWay
  const preciseReason = stringMember(coatcheck, 'reason') ?? reason
  return {
    state: 'fails',
    message: words.map((text) => text.replace(/\.$/, '')).join('; '),
    reason: preciseReason,
    ...(status === 0 ? {} : { status }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(fix === undefined ? {} : { fix }),
  }
}

import { ServiceError, type ErrorCode } from '../errors.ts'
import { MLE_REFUSALS, refuseMle, type MleRefusalReason } from '../http/mle-refusals.ts'
import { REFUSALS, refuse, refuseMissing, type RefusalReason } from '../merchant/refusals.ts'
import { sessionKeyNotFound } from '../session/open-context.ts'
import type { Exchange } from './exchange.ts'
import type { Fault } from './fault.ts'

type Make = (fault: Fault, exchange: Exchange) => ServiceError

// Errors whose texts or members depend on more than the code.
const MAKERS: Readonly<Partial<Record<ErrorCode, Make>>> = {
  AUTHENTICATION_FAILED: ({ reason = 'WRONG_SIGNATURE' }) =>
    refuse(isRefusal(reason) ? reason : 'WRONG_SIGNATURE'),
  HEADERS_MISSING: () => refuseMissing(['date', 'v-c-merchant-id', 'signature']),
  MLE_REQUEST_REFUSED: ({ reason }) => makeMle('MLE_REQUEST_REFUSED', reason, 'MLE_NOT_DECRYPTED'),
  MLE_RESPONSE_REFUSED: ({ reason }) =>
    makeMle('MLE_RESPONSE_REFUSED', reason, 'MLE_NO_RESPONSE_KEY'),
  SESSION_KEY_NOT_FOUND: (_fault, { kid = '' }) => sessionKeyNotFound(kid),
  RATE_LIMITED: () => new ServiceError('RATE_LIMITED', { retryAfterSeconds: 1 }),
  KEY_POOL_EMPTY: () => new ServiceError('KEY_POOL_EMPTY', { retryAfterSeconds: 2 }),
}

/** Makes the error that a fault stands for, as the service itself would; its explanation says that it was asked for. */
export function faultError(fault: Fault, exchange: Exchange): ServiceError {
  const code = codeOf(fault)
  const made = MAKERS[code]?.(fault, exchange) ?? new ServiceError(code)
  const { retryAfterSeconds, message } = made
  const about = message.slice(new ServiceError(code).message.length)
  return new ServiceError(code, {
    about,
    details: fault.details ?? made.details,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    explanation: {
      ...made.explanation,
      fault: fault.id,
      mistake: `Nothing is wrong with the request: fault ${fault.id} was set.`,
    },
  })
}

/** Tells whether a fault is an error of the catalogue. */
export function isError({ kind }: Fault): boolean {
  return kind === 'error' || kind === 'quota' || kind === 'unavailable'
}

function codeOf({ kind, stage, code }: Fault): ErrorCode {
  if (code !== undefined) return code
  if (kind === 'quota') return 'QUOTA_EXCEEDED'
  return stage === 'key-pool' ? 'KEY_POOL_EMPTY' : 'STORE_UNAVAILABLE'
}

function makeMle(
  code: 'MLE_REQUEST_REFUSED' | 'MLE_RESPONSE_REFUSED',
  reason: string | undefined,
  usual: MleRefusalReason,
): ServiceError {
  return refuseMle(code, reason !== undefined && isMleRefusal(reason) ? reason : usual)
}

function isRefusal(reason: string): reason is RefusalReason {
  return Object.hasOwn(REFUSALS, reason)
}

function isMleRefusal(reason: string): reason is MleRefusalReason {
  return Object.hasOwn(MLE_REFUSALS, reason)
}

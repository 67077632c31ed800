import { ServiceError } from '../errors.ts'

/** What a store says when it does not answer: nothing was acknowledged, and the caller may ask again in a second. */
export function storeUnavailable(cause: unknown): ServiceError {
  return new ServiceError('STORE_UNAVAILABLE', { cause, retryAfterSeconds: 1 })
}

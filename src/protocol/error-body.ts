import { ERRORS, type Detail, type ServiceError } from '../errors.ts'
import type { JsonObject } from './parse.ts'

const MOST_DETAILS = 100

/** What of an error may be added for developers: only dev mode passes it. */
interface Extra {
  readonly coatcheck?: JsonObject
}

/**
 * Builds the JSON body of an error reply.
 *
 * Flex errors carry both documented shapes at once, flat and under `responseStatus`, because each client reads one of
 * them; the gateway's carry `response.rmsg`.
 */
export function errorBody(error: ServiceError, correlationId: string, extra: Extra): JsonObject {
  const { family, reason } = ERRORS[error.code]
  if (family === 'gateway') return { response: { rmsg: error.message }, ...extra }
  const details = limitDetails(error.details)
  const { message } = error
  return {
    correlationId,
    details,
    informationLink: '',
    message,
    reason,
    responseStatus: { status: error.status, reason, message, correlationId, details },
    ...extra,
  }
}

/** Returns the first 100 details, and how many more there were: what a reply or a log line may hold of a large body. */
export function limitDetails(details: readonly Detail[]): readonly Detail[] {
  if (details.length <= MOST_DETAILS) return details
  const more = details.length - MOST_DETAILS
  return [...details.slice(0, MOST_DETAILS), { location: '', message: `and ${more} more` }]
}

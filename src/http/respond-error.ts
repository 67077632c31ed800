import type { FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, ServiceError, type ErrorCode } from '../errors.ts'
import { errorBody, limitDetails } from '../protocol/error-body.ts'
import { describeError, type Logger } from '../telemetry/logger.ts'
import type { Reply } from './reply.ts'

/** How errors are answered. */
export interface ErrorReplies {
  readonly logger: Logger
  /** Whether a reply says cause and fix, in an extra member `coatcheck`: dev mode only. */
  readonly explain: boolean
}

/** Answers with an error: see {@link errorReply}. */
export function respondError(
  needs: ErrorReplies,
  thrown: unknown,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): FastifyReply {
  const { status, headers = {}, contentType, body } = errorReply(needs, thrown, request)
  return reply.code(status).headers(headers).type(contentType).send(body)
}

/** Makes an error in the shape of its family, and logs why. Anything thrown that is not ours is an `INTERNAL_ERROR`. */
export function errorReply(
  { logger, explain }: ErrorReplies,
  thrown: unknown,
  request: FastifyRequest,
): Reply {
  const error = toServiceError(thrown)
  const correlationId = request.id
  const route = request.routeOptions.url ?? 'unknown'
  const fields = { correlationId, route, code: error.code, ...loggedReason(error) }
  if (error.status >= 500) logger.error('failed', { ...fields, error: describeError(error) })
  else logger.warn('refused', fields)
  const extra = explain ? { coatcheck: explanationOf(error) } : {}
  return {
    status: error.status,
    contentType: 'application/json',
    body: JSON.stringify(errorBody(error, correlationId, extra)),
    headers: retryAfter(error),
  }
}

function retryAfter({ retryAfterSeconds }: ServiceError): Record<string, string> {
  return retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }
}

const FASTIFY_STATUS: Readonly<Record<number, ErrorCode>> = {
  404: 'RESOURCE_NOT_FOUND',
  408: 'REQUEST_TIMEOUT',
  413: 'BODY_TOO_LARGE',
}

function toServiceError(thrown: unknown): ServiceError {
  if (thrown instanceof ServiceError) return thrown
  const status: unknown =
    thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : 500
  if (typeof status !== 'number' || status >= 500) {
    return new ServiceError('INTERNAL_ERROR', { cause: thrown })
  }
  return new ServiceError(FASTIFY_STATUS[status] ?? 'REQUEST_MALFORMED', { cause: thrown })
}

function loggedReason({ details, explanation }: ServiceError): object {
  return {
    ...(details.length === 0 ? {} : { details: limitDetails(details) }),
    ...(explanation === undefined ? {} : { explanation }),
  }
}

function explanationOf({ code, explanation }: ServiceError): Record<string, unknown> {
  const { actor, cause, fix } = ERRORS[code]
  return { code, actor, cause, fix, ...explanation }
}

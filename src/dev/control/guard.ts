import type { FastifyRequest } from 'fastify'
import { timingSafeEqual } from 'node:crypto'
import { ControlError } from './control-error.ts'

const PATHS = /^\/(?:_dev|console)(?:[/?]|$)/

/** Tells whether a request target is of the control API or the console, which only these checks are for. */
export function isControlPath(target: string): boolean {
  return PATHS.test(target)
}

const LOOPBACK_HOST =
  /^(?:localhost|(?:[a-z0-9-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i
const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.|^::1$/
const SAME_SITE: readonly string[] = ['same-origin', 'none']
const JSON_TYPE = /^application\/json(?:\s*;|$)/i

/**
 * Refuses what a page of another site could have sent, or on another listener than a loopback one whoever does not know the
 * token.
 *
 * @throws ControlError 401, 403 or 415.
 */
export function guard(request: FastifyRequest, token: string): void {
  const { host = '' } = request.headers
  // A name that somebody else's DNS points here would make that somebody's page one of the same origin.
  if (isOnLoopback(request)) checkHost(host)
  else checkToken(request, token)
  checkOrigin(request, host)
  checkType(request)
}

function isOnLoopback({ raw }: FastifyRequest): boolean {
  return LOOPBACK_ADDRESS.test(raw.socket.localAddress ?? '')
}

function checkHost(host: string): void {
  if (LOOPBACK_HOST.test(host)) return
  throw new ControlError(403, {
    problem: 'The Host of this call is not a loopback name.',
    fix: 'Call localhost, 127.0.0.1 or [::1].',
  })
}

function checkToken(request: FastifyRequest, token: string): void {
  const given =
    /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? tokenInQuery(request)
  const [left, right] = [Buffer.from(given), Buffer.from(token)]
  if (left.length === right.length && timingSafeEqual(left, right)) return
  throw new ControlError(401, {
    problem: 'Off loopback this call needs the token of the emulator.',
    fix: 'Send authorization: Bearer <token>.',
  })
}

function tokenInQuery({ raw }: FastifyRequest): string {
  return new URLSearchParams(raw.url?.split('?')[1] ?? '').get('token') ?? ''
}

function checkOrigin({ headers }: FastifyRequest, host: string): void {
  const { origin } = headers
  const site = headers['sec-fetch-site']
  const isOwn =
    origin === undefined || /^https?:\/\//.test(origin) ? ownOrigin(origin, host) : false
  const isSameSite = site === undefined || SAME_SITE.some((each) => each === site)
  if (isOwn && isSameSite) return
  throw new ControlError(403, {
    problem: 'This call comes from a page of another origin.',
    fix: 'Only the console itself, and programs that are no pages, may call.',
  })
}

function ownOrigin(origin: string | undefined, host: string): boolean {
  return (
    origin === undefined || origin.replace(/^https?:\/\//, '').toLowerCase() === host.toLowerCase()
  )
}

// A form, or a page without a preflight, can send other types only.
function checkType({ method, headers }: FastifyRequest): void {
  if (method !== 'POST' || JSON_TYPE.test(headers['content-type'] ?? '')) return
  throw new ControlError(415, {
    problem: 'The body of this call is not declared to be JSON.',
    fix: 'Send content-type: application/json.',
  })
}

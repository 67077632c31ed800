import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Random } from '../clock-and-random.ts'
import { ServiceError, type ErrorCode } from '../errors.ts'
import { errorBody } from '../protocol/error-body.ts'
import type { Logger } from '../telemetry/logger.ts'

const CODES: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
}

// So long the caller has to read the reply: a connection that it never ends would be held for ever.
const LINGER_MILLISECONDS = 1000

interface Needs {
  readonly random: Random
  readonly logger: Pick<Logger, 'warn'>
}

/** What answers connections on which something came that is not an HTTP request that can be read. */
export interface BrokenRequests {
  /** Notes a request that began, and its reply. */
  begin(exchange: Exchange): void
  /** Answers in the gateway's shape, after the replies to requests that were read whole, and closes the connection. */
  answer(error: Error & { code?: string }, socket: Socket): void
}

/** A request and its reply. */
interface Exchange {
  readonly request: IncomingMessage
  readonly reply: ServerResponse
}

/** Makes what answers the broken requests of a server: once a connection. */
export function createBrokenRequests(needs: Needs): BrokenRequests {
  // The last two of a connection: where the last is broken itself, the one before it was read whole.
  const begun = new WeakMap<Socket, readonly Exchange[]>()
  const broken = new WeakSet<Socket>()

  function answer(error: Error & { code?: string }, socket: Socket): void {
    // Node tells it again with all that follows.
    if (broken.has(socket)) return
    broken.add(socket)
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const refusal = new ServiceError(CODES[error.code ?? ''] ?? 'REQUEST_MALFORMED')
    const reply = begun.get(socket)?.findLast(({ request }) => request.complete)?.reply
    if (reply === undefined || reply.closed) refuse(needs, socket, refusal)
    else reply.once('close', () => refuse(needs, socket, refusal))
  }

  function begin(exchange: Exchange): void {
    const { socket } = exchange.request
    begun.set(socket, [...(begun.get(socket)?.slice(-1) ?? []), exchange])
  }

  return { begin, answer }
}

function refuse({ random, logger }: Needs, socket: Socket, refusal: ServiceError): void {
  const correlationId = random.uuid()
  logger.warn('refused', { correlationId, route: 'unknown', code: refusal.code })
  setTimeout(() => socket.destroy(), LINGER_MILLISECONDS).unref()
  if (!socket.writable) return
  const body = JSON.stringify(errorBody(refusal, correlationId, {}))
  const head = [
    `HTTP/1.1 ${refusal.status} ${refusal.message}`,
    `v-c-correlation-id: ${correlationId}`,
    'cache-control: no-store',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

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

/** Answers what is not an HTTP request that can be read, in the gateway's shape, and closes the connection. */
export function answerBrokenRequest(
  error: Error & { code?: string },
  socket: Socket,
  { random, logger }: Needs,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const correlationId = random.uuid()
  const refusal = new ServiceError(CODES[error.code ?? ''] ?? 'REQUEST_MALFORMED')
  logger.warn('refused', { correlationId, route: 'unknown', code: refusal.code })
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
  setTimeout(() => socket.destroy(), LINGER_MILLISECONDS).unref()
}

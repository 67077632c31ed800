import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Logger } from '../telemetry/logger.ts'
import {
  ANSWER_HALF_CLOSED,
  REQUEST_TIMEOUT_MILLISECONDS,
  SERVER_OPTIONS,
} from './server-options.ts'
import { trackUnused } from './unused-connections.ts'

/** A TLS server's certificate and its private key, each as PEM; the certificate may be followed by those of its issuers. */
export interface TlsPair {
  readonly certificatePem: string
  readonly keyPem: string
}

/** An https listener of an application. */
export interface SecureListener {
  /** Listens and returns the port. Rejects when the address cannot be listened on. */
  listen(at: { readonly host: string; readonly port: number }): Promise<number>
  /** Takes another certificate for connections to come; those that are open go on with theirs. */
  renew(pair: TlsPair): void
}

interface SecureListenerOptions {
  readonly pair: TlsPair
  readonly logger: Pick<Logger, 'warn'>
}

/**
 * Gives an application, which must not be ready yet, a listener with TLS 1.2 or later, beside its own or instead of it.
 * It is closed with the application. Every limit of the plain listener holds on it too.
 */
export function addSecureListener(
  app: FastifyInstance,
  { pair, logger }: SecureListenerOptions,
): SecureListener {
  const server = createServer({ ...SERVER_OPTIONS, ...tlsOptions(pair), allowHalfOpen: true })
  const { keepAliveTimeout, requestTimeout, timeout } = app.server
  Object.assign(server, { ...ANSWER_HALF_CLOSED, keepAliveTimeout, requestTimeout, timeout })
  passRequestsOn(server, app)
  explainHandshakes(server, logger)
  closeWith(app, server)
  return {
    async listen(at) {
      await app.ready()
      await once(server.listen({ ...at }), 'listening')
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : at.port
    },
    renew: (next) => server.setSecureContext(tlsOptions(next)),
  }
}

/** What TLS is spoken with; all of it again for each pair, as what is left out goes back to Node's defaults. */
function tlsOptions({ certificatePem, keyPem }: TlsPair): {
  readonly cert: string
  readonly key: string
  readonly minVersion: 'TLSv1.2'
  readonly handshakeTimeout: number
} {
  const handshakeTimeout = REQUEST_TIMEOUT_MILLISECONDS
  return { cert: certificatePem, key: keyPem, minVersion: 'TLSv1.2', handshakeTimeout }
}

function passRequestsOn(server: Server, { server: plain }: FastifyInstance): void {
  const pass = (request: IncomingMessage, response: ServerResponse): void => {
    plain.emit('request', request, response)
  }
  server.on('request', pass)
  server.on('checkExpectation', pass)
  server.on('clientError', (error, socket) => plain.emit('clientError', error, socket))
}

/** A client that does not trust the certificate tells only the server so: the log is where its user can find out. */
function explainHandshakes(server: Server, logger: SecureListenerOptions['logger']): void {
  // Node's own listener hands these on as requests that cannot be read; there is nobody to answer.
  server.removeAllListeners('tlsClientError')
  server.on('tlsClientError', (error: Error & { readonly code?: string }, socket) => {
    socket.destroy()
    const explanation = HANDSHAKES.get(error.code ?? '')
    if (explanation !== undefined) logger.warn('no TLS connection', { reason: explanation })
  })
}

// Those that a person can mend. Port scanners and callers that go away are no news.
const HANDSHAKES: ReadonlyMap<string, string> = new Map([
  ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'the client does not trust the authority of the certificate'],
  ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'the client refused the certificate'],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'the client refused the certificate'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN', 'the client refused the certificate'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN', 'the client refused the certificate'],
  ['ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED', 'to the client the certificate has expired'],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'to the client the certificate has expired'],
  ['ERR_SSL_HTTP_REQUEST', 'the client spoke http to the https port'],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'the client speaks no TLS 1.2 or later'],
])

/** Lets the listener end with the application: unused connections and handshakes at once, requests once they are answered. */
function closeWith(app: FastifyInstance, server: Server): void {
  const handshakes = trackHandshakes(server)
  const endUnused = trackUnused(server, 'secureConnection')
  let closed: Promise<unknown> | undefined
  app.addHook('preClose', async () => {
    if (!server.listening) return
    closed = once(server, 'close')
    server.close()
    endUnused()
    for (const socket of handshakes.values()) socket.destroy()
  })
  app.addHook('onClose', async () => {
    await closed
  })
}

/** The connections on which TLS is not agreed on yet, by the caller's address: the two ends of TLS have no other name in common. */
function trackHandshakes(server: Server): ReadonlyMap<string, Socket> {
  const handshakes = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const name = nameOf(socket)
    handshakes.set(name, socket)
    socket.once('close', () => {
      if (handshakes.get(name) === socket) handshakes.delete(name)
    })
  })
  server.on('secureConnection', (socket) => handshakes.delete(nameOf(socket)))
  return handshakes
}

function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`
}

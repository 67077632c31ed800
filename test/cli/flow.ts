import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { request as requestSecurely, type RequestOptions } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  createClient,
  createToken,
  verifyCaptureContext,
  verifyTransientToken,
  type Client,
  type VerifiedCaptureContext,
} from '../../src/client/index.ts'

/** Who a merchant is, and where its service listens. */
export interface Credentials {
  readonly url: string
  readonly merchantId: string
  readonly keyId: string
  readonly secret: string
  /** Default is that of the client. */
  readonly authentication?: 'jwt' | 'http_signature'
}

/** A request for a session. */
export const REQUEST = {
  fields: { paymentInformation: { card: { number: {}, expirationMonth: {}, expirationYear: {} } } },
}

/** Card data of a published test card. */
export const CARD = { number: '4111111111111111', expirationMonth: '12', expirationYear: '2099' }

/** Fields of the card, beside or instead of those of {@link CARD}. */
type CardInput = Readonly<Record<string, string>>

/** A merchant and its shopper, who reach the public origin of a service at its listener. */
export interface Flow {
  readonly client: Client
  openSession(): Promise<VerifiedCaptureContext>
  /** Creates a transient token, verifies it and returns it. */
  redeem(context: VerifiedCaptureContext, card?: CardInput): Promise<Redeemed>
}

/** A transient token and its id. */
export interface Redeemed {
  readonly token: string
  readonly jti: string
}

interface FlowOptions {
  /** The public origin. Default is the listener's. */
  readonly origin?: string
  /** Default is that of the client. */
  readonly timeoutSeconds?: number
}

/** Makes the flow of a merchant. */
export function createFlow(credentials: Credentials, options: FlowOptions = {}): Flow {
  const { url } = credentials
  const { origin = url, ...transport } = options
  const client = createClient({ ...credentials, ...transport })
  const toListener: typeof fetch = (input, init) =>
    fetch(String(input instanceof Request ? input.url : input).replace(origin, url), init)

  async function openSession(): Promise<VerifiedCaptureContext> {
    const jwt = await client.generateFlexAPICaptureContext(REQUEST)
    return verifyCaptureContext(jwt, { ...transport, origins: [origin], publicKeyOrigin: url })
  }

  async function redeem(
    captureContext: VerifiedCaptureContext,
    card: CardInput = {},
  ): Promise<Redeemed> {
    const data = { paymentInformation: { card: { ...CARD, ...card } } }
    const token = await createToken({ ...transport, captureContext, data, fetch: toListener })
    const { jti } = await verifyTransientToken(token, captureContext)
    return { token, jti }
  }

  return { client, openSession, redeem }
}

/** A request for a session that the service has begun to read and cannot answer yet. */
export interface Unfinished {
  /** Sends the rest and returns the answer. */
  finish(): Promise<{ readonly status: number; readonly body: string }>
}

/** Begins a request for a session on a connection that is kept alive; half of its body is held back. */
export async function beginSession(
  credentials: Credentials,
  tls?: Pick<RequestOptions, 'ca'>,
): Promise<Unfinished> {
  const { headers, body } = await signSession(credentials)
  const half = body.length / 2
  const begin = tls === undefined ? request : requestSecurely
  const outgoing = begin(`${credentials.url}/flex/v2/sessions`, {
    ...tls,
    method: 'POST',
    headers: {
      ...headers,
      'content-length': body.length,
      connection: 'keep-alive',
      expect: '100-continue',
    },
  })
  outgoing.flushHeaders()
  await once(outgoing, 'continue')
  outgoing.write(body.slice(0, half))
  return {
    async finish() {
      outgoing.end(body.slice(half))
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
      return { status: response.statusCode ?? 0, body: await text(response) }
    },
  }
}

interface Signed {
  readonly headers: Record<string, string>
  readonly body: string
}

/** Signs a request for a session as the client does, and sends nothing. */
async function signSession(credentials: Credentials): Promise<Signed> {
  const { promise, resolve } = Promise.withResolvers<Signed>()
  const keep: typeof fetch = (_input, init) => {
    const headers = Object.fromEntries(new Headers(init?.headers))
    resolve({ headers, body: typeof init?.body === 'string' ? init.body : '' })
    return Promise.reject(new Error('not sent'))
  }
  const client = createClient({ ...credentials, fetch: keep })
  await client.generateFlexAPICaptureContext(REQUEST).catch(() => undefined)
  return promise
}

/** Tells whether somebody listens at an address. */
export async function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

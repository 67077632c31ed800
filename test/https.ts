import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request, type RequestOptions } from 'node:https'
import { text } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

/** Lets this process trust an authority too, in whatever it calls from now on. */
export function trust(caPem: string): void {
  setDefaultCACertificates([...getCACertificates('default'), caPem])
}

/** A reply over TLS, and what the server showed. */
export interface SecureReply {
  readonly status: number
  readonly body: string
  /** SHA-256 of the server's certificate. */
  readonly fingerprint: string
}

/** Makes one request on a connection of its own, trusting one authority. */
export async function get(
  url: string,
  ca: string,
  options: RequestOptions = {},
): Promise<SecureReply> {
  const sent = request(url, { ca, agent: false, ...options }).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const { fingerprint256 } = (
    response.socket as unknown as { getPeerCertificate(): { readonly fingerprint256: string } }
  ).getPeerCertificate()
  const body = await text(response)
  return { status: response.statusCode ?? 0, body, fingerprint: fingerprint256 }
}

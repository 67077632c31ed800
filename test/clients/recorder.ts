import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Ended } from '../process.ts'

/** A request and its reply, as they came over the wire. */
export interface Exchange {
  readonly method: string
  readonly target: string
  readonly authorization: string
  readonly requestBody: string
  readonly status: number
  readonly replyBody: string
}

/** A proxy that keeps what goes through it. */
export interface Recorder {
  readonly url: string
  readonly exchanges: Exchange[]
  close(): void
}

/** Starts a proxy on a free loopback port that hands requests on to an address, byte for byte. */
export async function startRecorder(to: string): Promise<Recorder> {
  const exchanges: Exchange[] = []
  const server = createServer((incoming, reply) => {
    void exchange(to, incoming).then(({ status, contentType, ...recorded }) => {
      exchanges.push({ status, ...recorded })
      reply.writeHead(status, { 'content-type': contentType }).end(recorded.replyBody)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  return { url, exchanges, close }
}

/** A call that a client made, and the one exchange that it came to. */
export type Recorded = Ended & { readonly wire: Exchange }

/** Has a client make one call through the proxy, whose address it is given. */
export async function recordCall(
  { url, exchanges }: Recorder,
  call: (url: string) => Promise<Ended>,
): Promise<Recorded> {
  exchanges.length = 0
  const ended = await call(url)
  const [wire, ...others] = exchanges
  assert.ok(wire && others.length === 0, ended.stderr)
  return { ...ended, wire }
}

async function exchange(
  to: string,
  incoming: IncomingMessage,
): Promise<Exchange & { readonly contentType: string }> {
  const { method = '', url: target = '', rawHeaders } = incoming
  const body = await buffer(incoming)
  const outgoing = request(to + target, { method, headers: rawHeaders, agent: false })
  outgoing.end(body)
  const [reply] = (await once(outgoing, 'response')) as [IncomingMessage]
  return {
    method,
    target,
    authorization: incoming.headers.authorization ?? '',
    requestBody: body.toString(),
    status: reply.statusCode ?? 0,
    contentType: reply.headers['content-type'] ?? '',
    replyBody: (await buffer(reply)).toString(),
  }
}

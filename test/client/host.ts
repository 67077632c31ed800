import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

/** A request as it came over the wire. */
export interface Received {
  readonly method: string
  readonly target: string
  /** Names in lower case. A repeated header would be joined with a comma. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** What the host answers; nothing at all when `silent`. */
export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly silent?: boolean
}

/** A host on a real port that answers every request in one way and remembers what it received. */
export interface Host {
  readonly origin: string
  /** The `Host` that a request to it carries. */
  readonly name: string
  readonly received: readonly Received[]
}

export async function startHost(
  t: TestContext,
  replyTo: (received: Received) => Reply,
): Promise<Host> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    void handle(request, response)
  })
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrived = await receive(request)
    received.push(arrived)
    const { status = 200, headers = {}, body = '', silent = false } = replyTo(arrived)
    if (!silent) response.writeHead(status, headers).end(body)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const name = `127.0.0.1:${address.port}`
  return { origin: `http://${name}`, name, received }
}

async function receive(request: IncomingMessage): Promise<Received> {
  const headers = new Map<string, string>()
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index]?.toLowerCase() ?? ''
    const value = request.rawHeaders[index + 1] ?? ''
    headers.set(name, headers.has(name) ? `${headers.get(name)},${value}` : value)
  }
  return {
    method: request.method ?? '',
    target: request.url ?? '',
    headers,
    body: await text(request),
  }
}

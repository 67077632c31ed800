import { connect, type Socket } from 'node:net'

/** A request, ready to be sent. */
export interface HttpRequest {
  readonly bytes: Buffer
  /** The capture context whose card data it carries; empty when it asks for one. */
  readonly captureContext: string
}

/** One reply. The status is 0 when the connection ended before the reply was whole. */
export interface HttpReply {
  readonly request: HttpRequest
  readonly status: number
  readonly body: string
  readonly milliseconds: number
}

/** Connections to one server of this machine, which stay open from one load to the next. */
export interface Connections {
  /**
   * Sends requests on all connections, each waiting for its reply before the next, until the time is up or there are no
   * more. Resolves to every reply, in the order of arrival.
   */
  load(requests: Iterator<HttpRequest>, milliseconds: number): Promise<readonly HttpReply[]>
  close(): void
}

/** Opens connections to a port. */
export async function openConnections(port: number, count: number): Promise<Connections> {
  const sockets = await Promise.all(Array.from({ length: count }, () => openSocket(port)))

  async function load(
    requests: Iterator<HttpRequest>,
    milliseconds: number,
  ): Promise<readonly HttpReply[]> {
    const replies: HttpReply[] = []
    const end = performance.now() + milliseconds
    await Promise.all(
      sockets.map(async (socket) => {
        let request = requests.next()
        while (request.done !== true && performance.now() < end) {
          const reply = await exchange(socket, request.value)
          replies.push(reply)
          if (reply.status === 0) return
          request = requests.next()
        }
      }),
    )
    return replies
  }

  return { load, close: () => sockets.forEach((socket) => socket.destroy()) }
}

function openSocket(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
}

function exchange(socket: Socket, request: HttpRequest): Promise<HttpReply> {
  return new Promise((resolve) => {
    const begin = performance.now()
    let received = ''
    const finish = (reply: { readonly status: number; readonly body: string }): void => {
      socket.off('data', onData).off('close', onClose)
      resolve({ ...reply, request, milliseconds: performance.now() - begin })
    }
    const onClose = (): void => finish({ status: 0, body: '' })
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1')
      const reply = parseReply(received)
      if (reply !== undefined) finish(reply)
    }
    socket.on('data', onData).on('close', onClose)
    socket.write(request.bytes)
  })
}

function parseReply(
  received: string,
): { readonly status: number; readonly body: string } | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const head = received.slice(0, headEnd)
  const bodyLength = Number(/\r\ncontent-length: *([0-9]+)/i.exec(head)?.[1])
  const body = received.slice(headEnd + 4)
  return body.length < bodyLength ? undefined : { status: Number(head.slice(9, 12)), body }
}

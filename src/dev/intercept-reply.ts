import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FinishedReply } from './record.ts'

/** A reply as it is about to be sent, and how the connection ends on it. */
export interface SentReply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: OutgoingHttpHeaders
  /** Text as it was handed over: sent as text it goes out in one piece with its headers. */
  readonly body: string | Buffer
  readonly ending: 'whole' | 'cut-off' | 'reset'
}

/** What is known of a reply. */
interface Intercepted {
  /** What was sent; undefined before that. */
  reply(): Omit<FinishedReply, 'isWhole'> | undefined
  /** Whether all of it was sent. */
  isWhole(): boolean
}

/** Holds a reply back until it is whole, lets it be changed, and sends it. */
export function interceptReply(
  response: ServerResponse,
  change: (reply: SentReply) => SentReply | Promise<SentReply>,
): Intercepted {
  const writeHead = response.writeHead.bind(response)
  const end = response.end.bind(response)
  let body: string | Buffer = ''
  let status = 200
  const given: OutgoingHttpHeaders = {}
  let sent: SentReply | undefined

  function send(reply: SentReply): void {
    sent = reply
    if (reply.ending === 'reset') {
      response.socket?.resetAndDestroy()
      return
    }
    writeHead(reply.status, reply.headers)
    if (reply.ending === 'whole') {
      end(reply.body)
      return
    }
    response.write = write
    const half = reply.body.slice(0, Math.ceil(reply.body.length / 2))
    response.write(half, () => response.socket?.destroy())
  }

  const write = response.write.bind(response)
  const keep = (chunk: unknown): void => {
    if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return
    const part = typeof chunk === 'string' ? chunk : Buffer.from(chunk)
    if (body.length === 0) body = part
    else body = Buffer.concat([Buffer.from(body), Buffer.from(part)])
  }
  Object.assign(response, {
    writeHead: (code: number, headers: OutgoingHttpHeaders = {}): ServerResponse => {
      status = code
      for (const [name, value] of Object.entries(headers)) given[name.toLowerCase()] = value
      return response
    },
    write: (chunk: unknown): boolean => {
      keep(chunk)
      return true
    },
    end: (chunk: unknown): ServerResponse => {
      keep(chunk)
      const headers = Object.assign(response.getHeaders(), given)
      const changed = change({ status, headers, body, ending: 'whole' })
      if (changed instanceof Promise) changed.then(send, () => response.destroy())
      else send(changed)
      return response
    },
  })
  return {
    reply: () => sent,
    isWhole: () => sent?.ending === 'whole',
  }
}

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FinishedReply } from './record.ts'

/** A reply as it is about to be sent, and how the connection ends on it. */
export interface SentReply {
  readonly status: number
  /** Names in lower case. */
  readonly headers: OutgoingHttpHeaders
  readonly body: Buffer
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
  const chunks: Buffer[] = []
  let status = 200
  let given: OutgoingHttpHeaders = {}
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
    response.write(reply.body.subarray(0, Math.ceil(reply.body.length / 2)), () =>
      response.socket?.destroy(),
    )
  }

  const write = response.write.bind(response)
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string') chunks.push(Buffer.from(chunk, 'utf8'))
    else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
  }
  Object.assign(response, {
    writeHead: (code: number, headers?: OutgoingHttpHeaders): ServerResponse => {
      status = code
      given = { ...given, ...headers }
      return response
    },
    write: (chunk: unknown): boolean => {
      keep(chunk)
      return true
    },
    end: (chunk: unknown): ServerResponse => {
      keep(chunk)
      const headers = lowerCase({ ...response.getHeaders(), ...given })
      const changed = change({ status, headers, body: Buffer.concat(chunks), ending: 'whole' })
      if (changed instanceof Promise) changed.then(send, () => response.destroy())
      else send(changed)
      return response
    },
  })
  return {
    reply: () => (sent === undefined ? undefined : toFinished(sent)),
    isWhole: () => sent?.ending === 'whole',
  }
}

function lowerCase(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  return Object.fromEntries(named)
}

function toFinished({ status, headers, body }: SentReply): Omit<FinishedReply, 'isWhole'> {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => [name, String(each)] as const),
  )
  return { status, headers: pairs, body }
}

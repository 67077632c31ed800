import type { OutgoingHttpHeaders } from 'node:http'
import { scrubBody } from './scrub.ts'

/** The text of a body; cut where `truncated`. */
export interface RecordedBody {
  readonly text: string
  readonly bytes: number
  readonly truncated: boolean
}

/** Headers in their order, and a body. */
export interface RecordedMessage {
  readonly headers: readonly Header[]
  readonly body: RecordedBody
}

type Header = readonly [name: string, value: string]

/**
 * A body as it is kept: scrubbed, cut, and outside of the engine's heap, where the collector would copy and mark hundreds
 * of them again and again.
 */
export interface KeptBody {
  readonly content: Buffer
  readonly bytes: number
  readonly truncated: boolean
}

const LONGEST_BYTES = 16 * 1024

/** Scrubs a body and cuts it. `bytes` is how long it was. */
export function keepBody(body: Buffer, bytes: number): KeptBody {
  const text = body.toString('utf8')
  const scrubbed = scrubBody(text)
  return cutBody(scrubbed === text ? body : Buffer.from(scrubbed, 'utf8'), bytes)
}

/** Scrubs the body of a reply and cuts it. What the service has signed or encrypted itself holds no card data. */
export function keepReplyBody(reply: {
  readonly headers: OutgoingHttpHeaders
  readonly body: string | Buffer
}): KeptBody {
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body, 'utf8') : reply.body
  const isOwn = String(reply.headers['content-type']).startsWith('application/jwt')
  return isOwn ? cutBody(body, body.length) : keepBody(body, body.length)
}

function cutBody(body: Buffer, bytes: number): KeptBody {
  const truncated = body.length > LONGEST_BYTES
  return {
    content: truncated ? Buffer.from(body.subarray(0, LONGEST_BYTES)) : body,
    bytes,
    truncated,
  }
}

/** Reads a body that was kept. */
export function readBody({ content, bytes, truncated }: KeptBody): RecordedBody {
  return { text: content.toString('utf8'), bytes, truncated }
}

/** Reads the headers of a request: names and values by turns, as `rawHeaders` has them. */
export function receivedHeaders(raw: readonly string[]): readonly Header[] {
  const headers: Header[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    headers.push([raw[index] ?? '', raw[index + 1] ?? ''])
  }
  return headers
}

/** Reads the headers of a reply; one that was sent several times has several entries. */
export function sentHeaders(headers: OutgoingHttpHeaders): readonly Header[] {
  return Object.entries(headers).flatMap(([name, value = []]) =>
    Array.isArray(value) ? value.map((each): Header => [name, each]) : [[name, String(value)]],
  )
}

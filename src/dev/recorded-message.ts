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

const LONGEST_TEXT = 16 * 1024

/** Scrubs a body and cuts it. `bytes` is how long it was. */
export function recordBody(text: string, bytes: number): RecordedBody {
  return cutBody(scrubBody(text), bytes)
}

/** Scrubs the body of a reply and cuts it. What the service has signed or encrypted itself holds no card data. */
export function recordReplyBody(reply: {
  readonly headers: OutgoingHttpHeaders
  readonly body: string | Buffer
}): RecordedBody {
  const text = typeof reply.body === 'string' ? reply.body : reply.body.toString('utf8')
  const bytes = Buffer.byteLength(reply.body)
  const isOwn = String(reply.headers['content-type']).startsWith('application/jwt')
  return isOwn ? cutBody(text, bytes) : recordBody(text, bytes)
}

function cutBody(text: string, bytes: number): RecordedBody {
  return { text: text.slice(0, LONGEST_TEXT), bytes, truncated: text.length > LONGEST_TEXT }
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

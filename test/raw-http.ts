import { strict as assert } from 'node:assert'
import { connect } from 'node:net'

import type { ReadReply } from './error-reply.ts'
import type { SignedRequest } from './signed-request.ts'

/** Bytes to a socket and back, for what no HTTP client would send. */

/** A header as it is sent; a repeated one is there twice. */
export type RawHeader = readonly [name: string, value: string]

/** Writes a request, header by header. `content-length` and `connection: close` are added. */
export function writeRequest(
  { method, url, headers, payload }: Pick<SignedRequest, 'method' | 'url' | 'headers' | 'payload'>,
  more: readonly RawHeader[] = [],
): Buffer {
  const body = typeof payload === 'string' ? Buffer.from(payload) : (payload ?? Buffer.alloc(0))
  const sent: readonly RawHeader[] = [
    ...Object.entries(headers),
    ...more,
    ['content-length', String(body.length)],
    ['connection', 'close'],
  ]
  const head = sent.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.concat([Buffer.from(`${method} ${url} HTTP/1.1\r\n${head}\r\n`), body])
}

/** Sends bytes, or chunks of them, and resolves to all that came back when the service has closed the connection. */
export async function exchange(
  url: string,
  ...chunks: readonly (string | Buffer)[]
): Promise<string> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = []
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.setTimeout(20_000, () => socket.destroy(new Error('no reply came')))
    socket.on('data', (chunk: Buffer) => received.push(chunk))
    // The service may answer and close before everything is sent.
    socket.on('error', (error) =>
      received.length > 0 ? resolve(Buffer.concat(received).toString()) : reject(error),
    )
    socket.on('close', () => resolve(Buffer.concat(received).toString()))
    for (const chunk of chunks) socket.write(chunk)
  })
}

/** Reads the bytes of one reply. */
export function readReply(bytes: string): ReadReply {
  const end = bytes.indexOf('\r\n\r\n')
  const [status = '', ...lines] = bytes.slice(0, end).split('\r\n')
  assert.match(status, /^HTTP\/1\.1 \d{3} /, bytes)
  const headers = lines.map((line) => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)] as const
  })
  return {
    statusCode: Number(status.slice(9, 12)),
    headers: Object.fromEntries(headers),
    body: bytes.slice(end + 4),
  }
}

/** Sends bytes and reads the one reply to them. */
export async function ask(
  url: string,
  ...chunks: readonly (string | Buffer)[]
): Promise<ReadReply> {
  return readReply(await exchange(url, ...chunks))
}

import { strict as assert } from 'node:assert'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'

import { readErrorOf } from '../error-reply.ts'
import { startHarness, type Harness } from '../harness.ts'
import { ask } from '../raw-http.ts'

let harness: Harness
let url: string

before(async () => {
  harness = await startHarness()
  url = await harness.listen()
})
after(() => harness.close())

const POST = 'POST /flex/v2/tokens HTTP/1.1\r\nhost: x\r\n'

/** What a caller sends before it falls silent. */
const SLOW: Readonly<Record<string, string>> = {
  nothing: '',
  'half a request line': 'POST /flex/v2/to',
  'half of the headers': POST,
  'half a body': `${POST}content-length: 100\r\n\r\nabc`,
  'half of the chunks': `${POST}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`,
  'half of a body that would be refused': `POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\na`,
}

// The time is that of production, 10 seconds: all callers are slow at the same time.
test(
  'answers callers that stop sending with 408 after 10 seconds',
  { timeout: 20_000 },
  async () => {
    const started = performance.now()
    const slow = Object.entries(SLOW).map(async ([what, bytes]) => {
      const reply = await ask(url, bytes)
      const seconds = (performance.now() - started) / 1000
      assert.ok(seconds > 9 && seconds < 14, `${what}: ${seconds} s`)
      readErrorOf('REQUEST_TIMEOUT', reply)
    })
    await Promise.all([...slow, dripping(started)])
  },
)

/** A body whose bytes never stop to come, one at a time, is cut off all the same. */
async function dripping(started: number): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  socket.write(`${POST}content-length: 60000\r\n\r\n`)
  const drip = setInterval(() => socket.write('a'), 200)
  await new Promise((resolve) => socket.on('close', resolve).on('error', resolve))
  clearInterval(drip)
  assert.ok(performance.now() - started < 14_000)
  assert.match(Buffer.concat(received).toString(), /^HTTP\/1\.1 408 /)
}

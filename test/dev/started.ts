import { strict as assert } from 'node:assert'
import type { TestContext } from 'node:test'
import { startEmulator, type Emulator, type EmulatorOptions } from '../../src/dev/emulator.ts'
import { createFlow, type Flow } from '../cli/flow.ts'
import { exchange, readReply } from '../raw-http.ts'
import type { ReadReply } from '../error-reply.ts'
import { MERCHANT } from '../harness.ts'
import { SCHEMES, type SignedRequest } from '../signed-request.ts'
import { writeRequest } from '../raw-http.ts'

/** JSON of which tests look at what they know to be there. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests read replies of many shapes
export type Json = any

/** What a control call came to. */
export interface Answer {
  readonly status: number
  readonly json: Json
}

/** An emulator in this process, and the ways to it. */
export interface Started extends Emulator {
  /** Calls the control API. */
  control(method: string, path: string, body?: unknown): Promise<Answer>
  /** Sends a signed request by a socket, as its headers say. */
  send(request: SignedRequest): Promise<ReadReply>
  /** Asks for a session, by HTTP Signature or JWT. */
  open(scheme?: keyof typeof SCHEMES): Promise<ReadReply>
  readonly flow: Flow
}

const OPEN = {
  target: '/flex/v2/sessions',
  body: '{"fields":{"paymentInformation":{"card":{"number":{}}}}}',
} as const

/** Starts an emulator with bundled session keys; it is stopped after the test. */
export async function start(
  t: Pick<TestContext, 'after'>,
  options: EmulatorOptions = {},
): Promise<Started> {
  const emulator = await startEmulator({ sessionKeys: 'bundled', ...options })
  t.after(() => emulator.stop())
  const { url } = emulator
  const send = async (request: SignedRequest): Promise<ReadReply> =>
    readReply(await exchange(url, writeRequest(request)))
  return {
    ...emulator,
    async control(method, path, body) {
      const headers = { connection: 'close', 'content-type': 'application/json' }
      const sent = body === undefined ? {} : { body: JSON.stringify(body) }
      const reply = await fetch(url + path, { method, headers, ...sent })
      return { status: reply.status, json: await reply.json() }
    },
    send,
    open: (scheme = 'jwt') => send(SCHEMES[scheme](MERCHANT, OPEN)),
    flow: createFlow({ ...MERCHANT, url }),
  }
}

/** Asserts that a control call was taken, and returns what it answered. */
export function taken({ status, json }: Answer): Json {
  assert.ok(status < 300, JSON.stringify(json))
  return json
}

import { strict as assert } from 'node:assert'

import { ERRORS, type ErrorCode } from '../src/errors.ts'

/** A reply, injected or read from a socket. */
export interface ReadReply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** What an error reply says. */
export interface ErrorReply {
  readonly message: string
  /** Empty in the gateway's shape. */
  readonly reason: string
  readonly details: readonly { readonly location: string; readonly message: string }[]
  readonly correlationId: string
  /** What dev mode adds; undefined when it adds nothing. */
  readonly coatcheck: Readonly<Record<string, unknown>> | undefined
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Asserts what every reply has, and returns its correlation id. */
export function correlationIdOf({ headers }: ReadReply): string {
  const id = headers['v-c-correlation-id']
  assert.ok(typeof id === 'string' && UUID.test(id), `not a correlation id: ${String(id)}`)
  return id
}

/**
 * Asserts that a reply is an error in one of the documented shapes, with a status, reason and message of one entry of the
 * table, and returns what it says.
 */
export function readError(reply: ReadReply): ErrorReply {
  const correlationId = correlationIdOf(reply)
  assert.match(String(reply.headers['content-type']), /^application\/json\b/)
  assert.equal(reply.headers['cache-control'], 'no-store')
  const { coatcheck, ...body } = JSON.parse(reply.body) as Partial<ErrorReply>
  const read = 'response' in body ? readGateway(body) : readFlex(body, reply, correlationId)
  const error = { ...read, correlationId, coatcheck }
  assert.ok(codeOf(reply, error) !== undefined, `not in the table: ${reply.body}`)
  return error
}

/** Asserts that a reply is the error of one code, and returns what it says. */
export function readErrorOf(code: ErrorCode, reply: ReadReply): ErrorReply {
  assert.equal(reply.statusCode, ERRORS[code].status, reply.body)
  const error = readError(reply)
  assert.equal(error.reason, ERRORS[code].reason, reply.body)
  assert.ok(error.message.startsWith(ERRORS[code].message), reply.body)
  return error
}

type Read = Pick<ErrorReply, 'message' | 'reason' | 'details'>

function readGateway(body: { readonly response: unknown }): Read {
  const { rmsg } = body.response as { readonly rmsg: unknown }
  assert.ok(typeof rmsg === 'string')
  assert.deepEqual(body, { response: { rmsg } })
  return { message: rmsg, reason: '', details: [] }
}

function readFlex(body: Partial<Read>, { statusCode }: ReadReply, correlationId: string): Read {
  const { message = '', reason = '', details = [] } = body
  const both = { message, reason, details, correlationId }
  const responseStatus = { status: statusCode, ...both }
  assert.deepEqual(body, { ...both, informationLink: '', responseStatus })
  for (const detail of details) {
    assert.deepEqual(Object.keys(detail), ['location', 'message'])
    assert.ok(Object.values(detail).every((text) => typeof text === 'string'))
  }
  return { message, reason, details }
}

function codeOf({ statusCode }: ReadReply, { message, reason }: Read): string | undefined {
  const codes = Object.entries(ERRORS).filter(
    ([, entry]) =>
      entry.status === statusCode && entry.reason === reason && message.startsWith(entry.message),
  )
  return codes[0]?.[0]
}

import { OperatorError, UsageError } from '../errors.ts'
import { objectMember, parseJsonObject, stringMember, type JsonObject } from '../protocol/parse.ts'
import { readUrl, type ConnectionOptions } from './connection.ts'

/** A call of the control API. */
interface ControlCall {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: object
}

/**
 * Calls the control API of a running `coatcheck dev`, and returns what it answers.
 *
 * @throws OperatorError when nothing is there, or the call is refused: UsageError when what was given is wrong.
 */
export async function callControl(
  options: ConnectionOptions,
  { method, path, body }: ControlCall,
): Promise<JsonObject> {
  const url = readUrl(options)
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const reply = await fetch(`${url}/_dev/${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new OperatorError(`Nothing answers at ${url}.`, START, cause)
  })
  const answer = parseJsonObject(await reply.text()) ?? {}
  if (reply.ok) return answer
  const { problem, fix } = readRefusal(answer)
  if (problem !== undefined) {
    throw new (reply.status === 400 ? UsageError : OperatorError)(problem, fix ?? '')
  }
  throw new OperatorError(`What answers at ${url} has no control API.`, START)
}

const START = 'Start "coatcheck dev", or name its address with --url.'

function readRefusal(answer: JsonObject): {
  readonly problem: string | undefined
  readonly fix: string | undefined
} {
  const error = objectMember(answer, 'error') ?? {}
  // The example that follows is one of HTTP, not of the command line.
  const [fix] = (stringMember(error, 'fix') ?? '').split(' Send for example:')
  return { problem: stringMember(error, 'problem'), fix }
}

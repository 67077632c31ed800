import { readRefusal } from './answers.ts'
import type { Read } from './shape.ts'

/** What a call of the control API can be. */
export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE'
  readonly body?: object
  readonly signal?: AbortSignal
}

/** Calls the control API. Rejects with {@link CallFailed}. */
export type Control = <Answer>(path: string, read: Read<Answer>, call?: Call) => Promise<Answer>

/** A call that was refused, or not answered: what is wrong and how to mend it. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed'
  readonly fix: string
  readonly status: number | undefined

  constructor(problem: string, fix: string, status?: number) {
    super(problem)
    this.fix = fix
    this.status = status
  }
}

/** Makes the caller of the control API; the token is what the emulator asks for off loopback. */
export function createControl(token: string | null): Control {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` }
  return async (path, read, { method = 'GET', body, signal } = {}) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const headers = { ...authorization, ...type }
    const response = await ask(path, { method, headers, ...sent, signal: signal ?? null })
    const answer: unknown = await response.json().catch(() => undefined)
    if (!response.ok) throw refused(answer, response.status)
    try {
      return read(answer, 'The answer')
    } catch (error) {
      const what = error instanceof Error ? error.message : 'it cannot be read'
      throw new CallFailed(`The emulator answered something else: ${what}.`, 'Load the page again.')
    }
  }
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new CallFailed('The emulator does not answer.', 'Is "coatcheck dev" running?')
  }
}

function refused(answer: unknown, status: number): CallFailed {
  try {
    const { problem, fix } = readRefusal(answer, 'The refusal').error
    return new CallFailed(problem, fix, status)
  } catch {
    return new CallFailed(`The call failed with ${status}.`, 'The log of the emulator says why.')
  }
}

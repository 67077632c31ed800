import { OperatorError } from '../../errors.ts'
import type { JsonObject } from '../../protocol/parse.ts'

/** A control call, as routes see it. */
export interface ControlCall {
  /** The path's parameter; empty where the path has none. */
  readonly parameter: string
  readonly query: Readonly<Record<string, string>>
  /** An empty object where there was no body. */
  readonly body: JsonObject
}

/**
 * Reads a number of the query; undefined when it is not given.
 *
 * @throws OperatorError when it is no number from 0 to the most.
 */
export function readNumber({ query }: ControlCall, name: string, most: number): number | undefined {
  const text = query[name]
  if (text === undefined) return undefined
  if (/^\d{1,9}(\.\d{1,3})?$/.test(text) && Number(text) <= most) return Number(text)
  throw new OperatorError(`"${name}" is not right.`, `It must be a number from 0 to ${most}.`)
}

/**
 * Reads a member that is true, false or not given.
 *
 * @throws OperatorError when it is anything else.
 */
export function readBoolean({ body }: ControlCall, name: string): boolean | undefined {
  const value = body[name]
  if (value === undefined || typeof value === 'boolean') return value
  throw new OperatorError(`"${name}" is not right.`, 'It must be true or false.')
}

/**
 * Reads a member that is text or not given.
 *
 * @throws OperatorError when it is anything else.
 */
export function readText({ body }: ControlCall, name: string): string | undefined {
  const value = body[name]
  if (value === undefined || typeof value === 'string') return value
  throw new OperatorError(`"${name}" is not right.`, 'It must be text.')
}

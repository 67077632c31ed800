import { OperatorError } from '../errors.ts'
import { OutputError } from './standard-output.ts'

/** Says in the words of what failed underneath why something failed, without a full stop. */
export function describeReason(error: unknown): string {
  if (error instanceof OutputError) return error.reason
  if (error instanceof OperatorError) return error.problem.replace(/\.$/, '')
  if (!(error instanceof Error)) return String(error)
  if (error.cause !== undefined) return describeReason(error.cause)
  // As of a host with several addresses, none of which answers.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined
  return first === undefined ? error.message.replace(/\.$/, '') : describeReason(first)
}

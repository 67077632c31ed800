import { OperatorError } from '../errors.ts'
import { isJsonObject, stringMember } from '../protocol/parse.ts'

/** Tells the primary why this worker does not start; resolves once it has been told. Runs in a worker. */
export function tellStartFailure({ problem, fix }: OperatorError): Promise<void> {
  return new Promise((resolve) => {
    process.send?.({ startFailure: { problem, fix } }, () => resolve())
  })
}

/** Reads what {@link tellStartFailure} sent; undefined for any other message. */
export function readStartFailure(message: unknown): OperatorError | undefined {
  const failure = isJsonObject(message) ? message['startFailure'] : undefined
  if (!isJsonObject(failure)) return undefined
  return new OperatorError(
    stringMember(failure, 'problem') ?? '',
    stringMember(failure, 'fix') ?? '',
  )
}

/** Says in the words of what failed underneath why something failed, without a full stop. */
export function describeReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.cause !== undefined) return describeReason(error.cause)
  // As of a host with several addresses, none of which answers.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return describeReason(error.errors[0])
  }
  return error.message.replace(/\.$/, '')
}

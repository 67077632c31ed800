/**
 * Runs what throws errors that nobody reads.
 *
 * To find out what kind of key it was given, Node's crypto throws and catches up to four; their stack traces are half of
 * what importing a private key costs.
 */
export function withoutStackTraces<Result>(run: () => Result): Result {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

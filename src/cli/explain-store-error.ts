import { OperatorError, ServiceError } from '../errors.ts'
import { describeReason } from './describe-reason.ts'

const FIX =
  'See that no other program holds the database, that its disk has space and that this user may write to it; then try again.'

// SQLite's result codes for a file that is damaged, or none of its own.
const DAMAGED: readonly unknown[] = [11, 26]

/** Turns the failure of a store into a sentence for operators, with the words of its engine; any other error stays. */
export function explainStoreError(error: unknown): unknown {
  if (!(error instanceof ServiceError) || error.code !== 'STORE_UNAVAILABLE') return error
  // Engines that know their failures have said it in sentences.
  if (error.cause instanceof OperatorError) return error.cause
  return new OperatorError(
    `The store is not available: ${describeReason(error)}.`,
    fixOf(error.cause),
    error,
  )
}

function fixOf(cause: unknown): string {
  const isDamaged = cause instanceof Error && 'errcode' in cause && DAMAGED.includes(cause.errcode)
  return isDamaged ? 'Run "coatcheck doctor": it says which file is damaged, and what to do.' : FIX
}

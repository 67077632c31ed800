import { OperatorError, ServiceError } from '../errors.ts'
import { isDamaged } from '../store/sqlite-result-code.ts'
import { describeReason } from './describe-reason.ts'

const FIX =
  'See that no other program holds the database, that its disk has space and that this user may write to it; then try again.'
const LOOK = 'Run "coatcheck doctor": it says which file is damaged, and what to do.'

/** Turns the failure of a store into a sentence for operators, with the words of its engine; any other error stays. */
export function explainStoreError(error: unknown): unknown {
  if (!(error instanceof ServiceError) || error.code !== 'STORE_UNAVAILABLE') return error
  // Engines that know their failures have said it in sentences.
  if (error.cause instanceof OperatorError) return error.cause
  return new OperatorError(
    `The store is not available: ${describeReason(error)}.`,
    isDamaged(error.cause) ? LOOK : FIX,
    error,
  )
}

import { FlexError } from '../client/flex-error.ts'
import { OperatorError } from '../errors.ts'

/** What to do about a failure, by its reason. */
const FIXES: Readonly<Record<string, string>> = {
  NETWORK_ERROR: 'Is it running? "coatcheck dev" starts the emulator; --url names another address.',
  TIMEOUT: 'Is it overloaded, or is --url the address of something else?',
  REDIRECTED: 'Name the address that it redirects to with --url.',
  REPLY_INVALID: 'Is --url the address of the service itself?',
  AUTHENTICATION_FAILED:
    'Are merchantId, keyId and secret in the credentials file those of this service? Its log says why.',
  CAPTURE_CONTEXT_EXPIRED: 'Open a new session: coatcheck session',
  CAPTURE_CONTEXT_INVALID:
    'Is --url the service that issued it? "coatcheck inspect" shows what it says.',
  ORIGIN_NOT_ALLOWED:
    'Card data would go to another origin than --url: if it is the service’s own, allow it with --origin.',
  RESOURCE_QUOTA_EXCEEDED: 'A session gives few tokens: open a new one with "coatcheck session".',
  TRANSIENT_TOKEN_INVALID: '"coatcheck inspect" shows what it says.',
}
// The codes of OpenSSL and Node for a certificate that does not convince.
const DISTRUSTED = /UNABLE_TO_|SELF_SIGNED|CERT_|ERR_TLS_CERT/
const FIX_OF_DISTRUST =
  'Set NODE_EXTRA_CA_CERTS to the certificate of its authority, which "coatcheck dev --https" prints, and run this again.'
const FIX_OF_ANY_OTHER = 'The service’s log says more.'

/**
 * Runs one step of a command, and turns what the typed client throws into a sentence for operators: what was tried, the
 * reason, every detail, the correlation id and what to do.
 *
 * @param attempt - what is tried, such as `open a session`.
 * @throws OperatorError in place of FlexError.
 */
export async function explainFlexErrors<T>(attempt: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw error instanceof FlexError ? explainFlexError(attempt, error) : error
  }
}

function explainFlexError(attempt: string, error: FlexError): OperatorError {
  const { reason, status, message, details, correlationId, retryAfterSeconds } = error
  const code = status === 0 ? reason : `${reason}, status ${status}`
  const isDistrusted = reason === 'NETWORK_ERROR' && DISTRUSTED.test(message)
  const ofReason = Object.hasOwn(FIXES, reason) ? FIXES[reason] : undefined
  const known = isDistrusted ? FIX_OF_DISTRUST : ofReason
  const fix = known ?? (details.length === 0 ? FIX_OF_ANY_OTHER : undefined)
  const lines = [
    ...details.map((detail) => `${detail.location}: ${detail.message}`.replace(/^: /, '')),
    ...(retryAfterSeconds === undefined ? [] : [`Try again in ${retryAfterSeconds} seconds.`]),
    ...(correlationId === undefined ? [] : [`Correlation id: ${correlationId}`]),
    ...(fix === undefined ? [] : [fix]),
  ]
  const sentence = message.replace(/\.$/, '')
  return new OperatorError(`Cannot ${attempt}: ${sentence} (${code}).`, lines.join('\n  '), error)
}

import { readFileSync, statSync } from 'node:fs'
import { OperatorError } from '../errors.ts'
import { systemCode, systemReason } from '../system-error.ts'

const OTHERS_MAY_READ = 0o077

/**
 * Reads a file that holds a secret.
 *
 * @param named - what the file is called in messages, and what mends a missing one.
 * @throws OperatorError when it cannot be read, or can be read by others than its owner.
 */
export function readPrivateFile(
  path: string,
  named: { readonly what: string; readonly fix: string },
): string {
  let mode: number
  let text: string
  try {
    mode = statSync(path).mode
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const what = `The ${named.what} ${path} cannot be read`
    if (systemCode(cause) === 'ENOENT') throw new OperatorError(`${what}.`, named.fix, cause)
    throw new OperatorError(
      `${what}: ${systemReason(cause)}.`,
      'It is to be a file that this user can read, and nobody else.',
      cause,
    )
  }
  if ((mode & OTHERS_MAY_READ) === 0) return text
  throw new OperatorError(
    `The ${named.what} ${path} can be read by others.`,
    `Run: chmod 600 ${path}`,
  )
}

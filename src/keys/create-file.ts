import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { OperatorError } from '../errors.ts'
import { systemCode, systemReason } from '../system-error.ts'

/** How a new file is named in messages, and who may read it. */
interface NewFile {
  /** Such as `root key file`. Default is `file`. */
  readonly what?: string
  /** What to do when it is there already. */
  readonly ifThere: string
  /** Default is its owner only. */
  readonly mode?: number
}

/**
 * Writes a file that must not exist yet, all of it and durably, or leaves none.
 *
 * @throws OperatorError with the reason, or when it is there already: it stays as it is.
 */
export function createFile(path: string, content: string | Buffer, named: NewFile): void {
  const { what = 'file', ifThere, mode = 0o600 } = named
  let isCreated = false
  try {
    const file = openSync(path, 'wx', mode)
    isCreated = true
    try {
      writeFileSync(file, content)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    if (isCreated) rmSync(path, { force: true })
    throw systemCode(cause) === 'EEXIST'
      ? new OperatorError(`The ${what} ${path} is there already.`, ifThere, cause)
      : new OperatorError(
          `The ${what} ${path} cannot be written: ${systemReason(cause)}.`,
          FIX,
          cause,
        )
  }
}

const FIX = 'Name one in a folder that is there, that this user may write to and that has space.'

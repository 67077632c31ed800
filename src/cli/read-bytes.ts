import { readFileSync } from 'node:fs'
import { OperatorError } from '../errors.ts'

/** Reads a file that the operator named. Throws OperatorError when it cannot be read. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (cause) {
    throw new OperatorError(
      `The file ${path} cannot be read.`,
      'Check its name and permissions.',
      cause,
    )
  }
}

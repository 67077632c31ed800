import { closeSync, fchmodSync, fstatSync, openSync, writeFileSync } from 'node:fs'
import { OperatorError } from '../errors.ts'

/** Writes a file that only its owner reads; `asked` is what the user called it. */
export function writePrivately(path: string, content: string | Buffer, asked: string = path): void {
  try {
    const file = openSync(path, 'w', 0o600)
    // A file that was there has kept its mode.
    if (fstatSync(file).isFile()) fchmodSync(file, 0o600)
    writeFileSync(file, content)
    closeSync(file)
  } catch (cause) {
    throw new OperatorError(
      `The credentials cannot be written to ${asked}.`,
      'Name a file in a folder that is there with --credentials.',
      cause,
    )
  }
}

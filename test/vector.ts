import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, 'vectors')

/** Reads one file of `test/vectors/`, without the line break at its end. */
export function readVector(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8').trimEnd()
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

const root = mkdtempSync(join(tmpdir(), 'coatcheck-store-'))
after(() => rmSync(root, { recursive: true, force: true }))

/** Makes an empty folder, which is removed after the tests of the file. */
export function makeFolder(): string {
  return mkdtempSync(join(root, 'data-'))
}

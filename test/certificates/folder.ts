import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { requirePeer } from '../peers.ts'

/** How a program ended. */
interface Ended {
  readonly status: number | null
  /** Both outputs, one behind the other. */
  readonly output: string
}

/** A folder of one test, in which it runs the programs that judge certificates. */
export interface Folder {
  readonly path: string
  write(name: string, content: string | Buffer): void
  read(name: string): Buffer
  /** Runs `openssl` and asserts that it succeeds. Arguments are separated by single spaces. */
  openssl(args: string): string
  /** Runs a program, whatever comes of it. */
  run(program: string, args: string): Ended
}

/** Makes an empty folder; it is gone when the test ends. */
export function makeFolder(t: Pick<TestContext, 'after'>): Folder {
  const path = mkdtempSync(join(tmpdir(), 'coatcheck-certificates-'))
  t.after(() => rmSync(path, { recursive: true }))
  const run = (program: string, args: string): Ended => {
    const { status, stdout, stderr } = spawnSync(program, args.split(' '), { cwd: path })
    return { status, output: stdout.toString() + stderr.toString() }
  }
  return {
    path,
    write: (name, content) => writeFileSync(join(path, name), content),
    read: (name) => readFileSync(join(path, name)),
    openssl(args) {
      const { status, output } = run('openssl', args)
      assert.equal(status, 0, `openssl ${args}: ${output}`)
      return output
    },
    run,
  }
}

/** Makes a folder if `openssl` is there; without it the test is skipped, and the caller must return. */
export function makeFolderWithOpenssl(t: TestContext): Folder | undefined {
  return requireProgram(t, 'openssl') ? makeFolder(t) : undefined
}

/** Tells whether a test can go on with a program that says its version; see {@link requirePeer}. */
export function requireProgram(t: TestContext, name: string): boolean {
  const found = spawnSync(name, [name === 'openssl' ? 'version' : '--version']).status === 0
  return requirePeer(t, name, { found, howToInstall: `install the package ${name}` })
}

import { strict as assert } from 'node:assert'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

const BIN = resolve(import.meta.dirname, '../../bin/coatcheck.js')

/** What a run of the program came to. */
export interface Run {
  readonly status: number
  /** Without the line break at its end. */
  readonly stdout: string
  readonly stderr: string
}

/** A folder of one test, in which the program runs. */
export interface Folder {
  readonly path: string
  /** Writes a file into it; an object is written as JSON. */
  write(name: string, content: string | object): void
  /** Runs `coatcheck` in it, as users do; `input` is piped in. */
  coatcheck(args: readonly string[], input?: string): Promise<Run>
}

/** Makes an empty folder to run the program in; it is gone when the test ends. */
export function makeFolder(t: Pick<TestContext, 'after'>): Folder {
  const path = mkdtempSync(join(tmpdir(), 'coatcheck-cli-'))
  t.after(() => rmSync(path, { recursive: true }))
  return {
    path,
    write(name, content) {
      const data = typeof content === 'string' ? content : JSON.stringify(content)
      writeFileSync(join(path, name), data)
    },
    coatcheck: (args, input = '') => run(args, { cwd: path, input }),
  }
}

async function run(
  args: readonly string[],
  { cwd, input }: { readonly cwd: string; readonly input: string },
): Promise<Run> {
  const env = { PATH: process.env['PATH'] }
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env })
  // A program that ends without reading its input closes the pipe.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const exit = new Promise<number | null>((resolveExit) => child.once('exit', resolveExit))
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  assert.notEqual(status, null, 'the program was killed')
  return { status: status ?? -1, stdout: stdout.trimEnd(), stderr: stderr.trimEnd() }
}

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

/** The project's folder. */
export const PROJECT = resolve(import.meta.dirname, '..')

const COATCHECK = join(PROJECT, 'bin/coatcheck.js')
// npm may have been started by an older Node: the one that the project brings comes first.
const PATH = [join(PROJECT, 'node_modules/.bin'), process.env['PATH']].join(delimiter)
const LONGEST_WAIT_MILLISECONDS = 30_000

/** Whose end ends a process: that of a test (its context), or {@link WHOLE_FILE}. */
export interface Scope {
  after(run: () => void): void
}

/** The end of all tests of the file, when whatever is still alive is killed anyway. */
export const WHOLE_FILE: Scope = { after: () => {} }

/** How a process is started. */
export interface Start {
  /** Its working folder. Default is a new one. */
  readonly folder?: string
  /** Added to an environment that holds `PATH`, `HOME` and a cache of compiled code. */
  readonly environment?: Readonly<Record<string, string>>
  /** Options of Node, before the program. */
  readonly nodeOptions?: readonly string[]
  /** Piped in whole. Default is an input that stays open: {@link Running.write}. */
  readonly input?: string
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A process that was started, with all that it starts itself. */
export interface Running {
  readonly pid: number
  readonly folder: string
  /** What it has written so far. */
  readonly output: { readonly stdout: string; readonly stderr: string }
  /** Resolves once it has ended and everything it wrote has arrived; processes that it started may write longer. */
  readonly ended: Promise<Ended>
  /** Sends a signal to this process alone, not to those that it started. */
  kill(signal: NodeJS.Signals): void
  /** Writes to its standard input, which stays open. */
  write(text: string): void
}

const root = mkdtempSync(join(tmpdir(), 'coatcheck-process-'))
const NODE_COMPILE_CACHE = process.env['NODE_COMPILE_CACHE'] ?? join(root, 'compiled')
const groups = new Set<number>()
after(() => {
  killGroups()
  rmSync(root, { recursive: true, force: true, maxRetries: 3 })
})
process.once('exit', killGroups)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => process.exit(1))
}

/** Makes an empty folder, which is removed after the tests of the file. */
export function makeFolder(): string {
  return mkdtempSync(join(root, 'folder-'))
}

/** Starts `coatcheck`. It is killed at the end of its scope, with everything that it started. */
export function launch(scope: Scope, args: readonly string[], start: Start = {}): Running {
  return launchProgram(scope, ['node', ...(start.nodeOptions ?? []), COATCHECK, ...args], start)
}

/** Starts any program, as {@link launch} does. */
export function launchProgram(
  scope: Scope,
  [program = '', ...args]: readonly string[],
  { folder = makeFolder(), environment = {}, input }: Start = {},
): Running {
  const env = { PATH, HOME: folder, NODE_COMPILE_CACHE, ...environment }
  // A group of its own, so that nothing that it starts can outlive the test.
  const child = spawn(program, args, { cwd: folder, env, detached: true })
  const pid = child.pid ?? 0
  groups.add(pid)
  scope.after(() => killGroup(pid))
  const output = collectOutput(child)
  // A program may end before it has read everything.
  child.stdin.on('error', () => {})
  if (input !== undefined) child.stdin.end(input)
  return {
    pid,
    folder,
    output,
    ended: untilEnded(child, output),
    kill: (signal) => child.kill(signal),
    write: (text) => child.stdin.write(text),
  }
}

/** Runs `coatcheck` to its end. */
export function run(scope: Scope, args: readonly string[], start: Start = {}): Promise<Ended> {
  return launch(scope, args, start).ended
}

/** Starts `coatcheck … --json` and returns it with its line `{"ready":true,…}`. */
export async function launchUntilReady(
  scope: Scope,
  args: readonly string[],
  start: Start = {},
): Promise<Running & { readonly ready: unknown }> {
  const running = launch(scope, [...args, '--json'], start)
  const [line] = await waitForOutput(running, /^\{"ready":true.*\}$/m)
  const ready: unknown = JSON.parse(line)
  return { ...running, ready }
}

/** Waits until standard output matches; rejects with all output when the process ends before it does. */
export async function waitForOutput(running: Running, pattern: RegExp): Promise<RegExpExecArray> {
  return until(() => pattern.exec(running.output.stdout), running)
}

/** Waits until `look` finds something, for half a minute at most and no longer than the process lives. */
export async function until<Found>(
  look: () => Found | Promise<Found>,
  running: Running,
): Promise<Exclude<NonNullable<Found>, false>> {
  const giveUpAt = performance.now() + LONGEST_WAIT_MILLISECONDS
  let hasEnded = false
  void running.ended.then(() => (hasEnded = true))
  for (;;) {
    const isLast = hasEnded || performance.now() > giveUpAt
    const found: Found = await look()
    if (isFound(found)) return found
    if (isLast) {
      throw new Error(`waited in vain; the output: ${JSON.stringify(running.output)}`)
    }
    await sleep(5)
  }
}

function isFound<Found>(found: Found): found is Exclude<NonNullable<Found>, false> {
  return found !== null && found !== undefined && found !== false
}

function collectOutput(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  return output
}

async function untilEnded(child: ChildProcess, output: Running['output']): Promise<Ended> {
  const closed = once(child, 'close')
  await once(child, 'exit')
  // What it started may hold its pipes open.
  await Promise.race([closed, sleep(500, undefined, { ref: false })])
  return { code: child.exitCode, signal: child.signalCode, ...output }
}

function killGroups(): void {
  for (const pid of groups) killGroup(pid)
}

function killGroup(pid: number): void {
  groups.delete(pid)
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // All of it has ended.
  }
}

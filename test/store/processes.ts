import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/clock-and-random.ts'
import { Secret } from '../../src/secret.ts'
import type { Store, Write } from '../../src/store/contract.ts'
import { openStore } from '../../src/store/open-store.ts'

const CHILD = fileURLToPath(import.meta.resolve('./child.ts'))

/** A process that does a job over a store. */
export interface Running {
  readonly child: ChildProcess
  /** What the child has said so far, without its "ready". */
  readonly lines: string[]
  /** Resolves to the exit code when everything that the child said is in `lines`. */
  readonly closed: Promise<unknown[]>
}

/** Starts a child and waits until it is about to open the store. */
export async function start(command: readonly string[]): Promise<Running> {
  const [program = '', ...rest] = command
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: string[] = []
  const reader = createInterface(child.stdout)
  const closed = once(child, 'close')
  await once(reader, 'line')
  reader.on('line', (line) => lines.push(line))
  return { child, lines, closed }
}

/** The command of a child: see child.ts. */
export function childCommand(...words: readonly string[]): readonly string[] {
  return [process.execPath, CHILD, ...words]
}

/** Runs a job in several processes that open one store at the same moment; gives what each of them said. */
export async function runTogether(job: string, where: string, count: number): Promise<string[][]> {
  const processes = await Promise.all(
    Array.from({ length: count }, () => start(childCommand(job, where))),
  )
  for (const { child } of processes) child.stdin?.write('go\n')
  for (const { closed } of processes) assert.deepEqual(await closed, [0, null])
  return processes.map(({ lines }) => lines)
}

/** Opens the store at a place, a folder or the address of a database, of dev mode and with the machine's clock. */
export function openAt(place: string): Promise<Store> {
  const address = new Secret(place.includes('://') ? place : 'sqlite')
  return openStore({ address, folder: place, mode: 'dev', now: systemClock })
}

/** The writes that fill a pool. */
export function pooled(count: number): readonly Write[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `k${index}`
    return { op: 'put', kind: 'pool-key', name, expiresAt: undefined, value: Buffer.from('v') }
  })
}

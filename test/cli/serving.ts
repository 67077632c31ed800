import { readFileSync } from 'node:fs'
import { launchUntilReady, type Running, type Scope, type Start } from '../process.ts'
import { ORIGIN, serveArgs, type MadeVault } from '../vault.ts'
import { createFlow, type Credentials, type Flow } from './flow.ts'

/** The line that `serve --json` prints. */
export interface Ready {
  readonly origin: string
  readonly host: string
  readonly port: number
  readonly operatorUrl: string
}

/** A vault that serves, and the flow of its merchant. */
export interface Serving extends Running {
  readonly ready: Ready
  readonly credentials: Credentials
  readonly flow: Flow
}

/** Starts `serve` over a vault. */
export async function serve(
  scope: Scope,
  vault: MadeVault,
  start: Start & { readonly args?: readonly string[] } = {},
): Promise<Serving> {
  const args = [...serveArgs(vault), ...(start.args ?? [])]
  const running = await launchUntilReady(scope, args, start)
  const ready = running.ready as Ready
  const credentials = { ...vault, url: `http://127.0.0.1:${ready.port}` }
  const flow = createFlow(credentials, { origin: ORIGIN, timeoutSeconds: 5 })
  return { ...running, ready, credentials, flow }
}

/** A process that is alive. */
export interface Process {
  readonly pid: number
  readonly command: string
}

/** Why tests that look at processes are skipped; false where they are not. */
export const NO_PROC: string | false =
  process.platform === 'linux' ? false : 'processes are looked up in /proc'

/** Everything that a process has started and that is alive: of `serve`, workers and the helper that mints. */
export function childrenOf(pid: number): readonly Process[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children
    .filter((child) => child !== '')
    .map((child) => ({ pid: Number(child), command: readProcess(Number(child), 'cmdline') }))
}

/** The workers of `serve`. */
export function workersOf(pid: number): readonly number[] {
  return childrenOf(pid)
    .filter(({ command }) => command.includes('coatcheck.js'))
    .map((child) => child.pid)
}

/** Reads what the system says of a process; nothing once that has ended. */
export function readProcess(pid: number, file: 'cmdline' | 'environ' | 'limits'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

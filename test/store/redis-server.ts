import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { type Now, systemClock } from '../../src/clock-and-random.ts'
import { Secret } from '../../src/secret.ts'
import type { Mode, Store } from '../../src/store/contract.ts'
import { openRedisStore } from '../../src/store/redis.ts'
import { requirePeer } from '../peers.ts'
import { makeFolder } from './folder.ts'

/** A Redis server of a test's own. */
export interface RedisServer {
  readonly port: number
  /** `redis://127.0.0.1:PORT/0`, with what is given appended. */
  url(rest?: string): string
  /** Sends one command on a connection of its own. */
  command(...words: readonly string[]): Promise<unknown>
  /** Ends the process at once, as a crash would. */
  kill(): Promise<void>
  /** Sends a signal that does not end it. */
  signal(signal: NodeJS.Signals): Promise<void>
  /** Starts the process again on its port and folder; options are added to those it had. */
  start(...options: readonly string[]): Promise<void>
}

/** Options of a server that loses nothing. */
export const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'] as const

/** Tells whether Redis is installed; for {@link requirePeer}. */
export const REDIS = {
  found: spawnSync('redis-server', ['--version']).status === 0,
  howToInstall: 'install the package redis-server',
}

/** Tells whether a test can go on with Redis. */
export function hasRedis(t: TestContext): boolean {
  return requirePeer(t, 'Redis', REDIS)
}

const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
})
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a server on a free port (`PORT` in options) and in a new folder; it is killed after the tests of the file. */
export async function startRedis(options: readonly string[] = DURABLE): Promise<RedisServer> {
  const [port, folder] = [await freePort(), makeFolder()]
  let child = await launch(port, folder, options)
  const server: RedisServer = {
    port,
    url: (rest = '/0') => `redis://127.0.0.1:${port}${rest}`,
    command: (...words) => sendOne(port, words),
    kill: async () => {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      if (running.delete(child)) await exited
    },
    signal: async (signal) => void child.kill(signal),
    start: async (...more) => {
      child = await launch(port, folder, [...options, ...more])
    },
  }
  return server
}

let shared: Promise<RedisServer> | undefined

/** The durable server that the tests of this process share; each takes a prefix of its own. */
export function sharedRedis(): Promise<RedisServer> {
  shared ??= startRedis()
  return shared
}

let prefixes = 0

/** A prefix that no other test of this process has. */
export function newPrefix(): string {
  prefixes += 1
  return `test-${prefixes}`
}

async function launch(
  port: number,
  folder: string,
  options: readonly string[],
): Promise<ChildProcess> {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  const given = options.map((option) => option.replace('PORT', String(port)))
  const child = spawn('redis-server', [...own, ...given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  let log = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (log += text))
  while (!log.includes('Ready to accept connections')) {
    if (child.exitCode !== null) throw new Error(`redis-server ended: ${log}`)
    await sleep(5)
  }
  return child
}

async function sendOne(port: number, words: readonly string[]): Promise<unknown> {
  const client = createClient({ socket: { port, host: '127.0.0.1' }, RESP: 2 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await client.sendCommand([...words])
  } finally {
    client.destroy()
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  const closed = once(probe, 'close')
  probe.close()
  await closed
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Ignores what a store reports at start. */
export function ignore(): void {}

/** Opens a store, with the machine's clock and of mode `serve` where nothing else is said; it is closed after the test. */
export async function openStore(
  t: TestContext,
  url: string,
  { mode = 'serve', now = systemClock, report = ignore }: Opening = {},
): Promise<Store> {
  const store = await openRedisStore({ address: new Secret(url), mode, now, report })
  t.after(() => store.close())
  return store
}

interface Opening {
  readonly mode?: Mode
  readonly now?: Now
  readonly report?: (durability: string) => void
}

/** Waits until something holds, for ten seconds at most. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const giveUpAt = performance.now() + 10_000; !(await holds()); await sleep(20)) {
    if (performance.now() > giveUpAt) throw new Error('waited in vain for ten seconds')
  }
}

/** Opens a store of dev mode under a prefix of its own, on the shared server; undefined when the test is skipped. */
export async function openRedis(t: TestContext): Promise<Store | undefined> {
  if (!hasRedis(t)) return undefined
  const url = (await sharedRedis()).url(`/0?prefix=${newPrefix()}`)
  return openStore(t, url, { mode: 'dev' })
}

import type * as RedisClient from '@redis/client'
import { OperatorError } from '../errors.ts'
import type { RedisTarget } from './redis-url.ts'

/** One argument of a command. */
export type RedisArgument = string | Buffer

/** One connection to a server, from its beginning to its end; it is never used again afterwards. */
export interface RedisLink {
  /** Sends a command, in one write with all others of the turn. Rejects with the error of Redis or of the network. */
  send(command: readonly RedisArgument[]): Promise<unknown>
  /** Resolves, when the connection is gone, to why. */
  readonly ended: Promise<unknown>
  /** Ends it: everything that waits for a reply rejects. */
  end(reason: unknown): void
}

const CONNECT_MILLISECONDS = 2000
const SILENCE_MILLISECONDS = 3000
const PING_MILLISECONDS = 1000

/**
 * Connects to one database of a server. A server that is silent for three seconds counts as gone.
 *
 * @throws OperatorError when `@redis/client` is not installed; otherwise what Redis or the network said.
 */
export async function openRedisLink(target: RedisTarget, database: number): Promise<RedisLink> {
  const client = await createClient(target, database)
  const { promise: ended, resolve } = Promise.withResolvers<unknown>()
  const end = (reason: unknown): void => {
    resolve(reason)
    if (client.isOpen) client.destroy()
  }
  client.on('error', end)
  try {
    await client.connect()
  } catch (error) {
    end(error)
    throw error
  }
  return { send: watch((command) => client.sendCommand([...command]), end), ended, end }
}

/** Ends a connection on which requests wait and no reply comes: the client itself only sees one that is idle. */
function watch(send: RedisLink['send'], end: (reason: unknown) => void): RedisLink['send'] {
  let waiting = 0
  let timer: NodeJS.Timeout | undefined
  const onSilence = (): void => end(new Error('no reply within three seconds'))
  const onReply = (): void => {
    waiting -= 1
    if (waiting > 0) timer?.refresh()
    else clearTimeout(timer)
  }
  return function sendWatched(command) {
    waiting += 1
    if (waiting === 1) timer = setTimeout(onSilence, SILENCE_MILLISECONDS)
    return send(command).finally(onReply)
  }
}

async function createClient(target: RedisTarget, database: number): Promise<Client> {
  const { createClient: create, RESP_TYPES } = await loadClient()
  const { host, port, tls, username, password } = target
  const socket = {
    host,
    port,
    connectTimeout: CONNECT_MILLISECONDS,
    socketTimeout: SILENCE_MILLISECONDS,
    reconnectStrategy: false,
  } as const
  const isName = !/^[\d.]+$|:/.test(host)
  return create({
    socket: tls ? { ...socket, tls, ...(isName ? { servername: host } : {}) } : socket,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.reveal() }),
    database,
    RESP: 2,
    // Nothing waits for a connection that may come: it fails at once.
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    pingInterval: PING_MILLISECONDS,
    commandOptions: { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  })
}

/** What is used of the client. */
interface Client {
  readonly isOpen: boolean
  on(event: 'error', listener: (error: unknown) => void): unknown
  connect(): Promise<unknown>
  sendCommand(command: readonly RedisArgument[]): Promise<unknown>
  destroy(): void
}

async function loadClient(): Promise<typeof RedisClient> {
  try {
    return await import('@redis/client')
  } catch (cause) {
    throw new OperatorError(
      'The client library of Redis is not installed.',
      'Run "npm install @redis/client@6" beside Coatcheck.',
      cause,
    )
  }
}

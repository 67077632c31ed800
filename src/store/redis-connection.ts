import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { codeOf, explainRedis } from './redis-errors.ts'
import type { RedisArgument, RedisLink } from './redis-link.ts'
import { digestOf, SCRIPTS, type ScriptName } from './redis-scripts.ts'

/** A script and what it is given. */
export interface ScriptCall {
  readonly keys: readonly RedisArgument[]
  readonly args: readonly RedisArgument[]
}

/** Sends a command and returns its reply. */
export type Send = (command: readonly RedisArgument[]) => Promise<unknown>

/** A connection that comes back by itself. While it is away everything rejects at once, with why it is. */
export interface RedisConnection {
  readonly send: Send
  /** Runs a script that only reads. */
  read(script: ScriptName, call: ScriptCall): Promise<unknown>
  /** Runs a script that writes; resolves once as many replicas have it as were asked for. */
  write(script: ScriptName, call: ScriptCall): Promise<unknown>
  /** Waits for what was begun and disconnects. */
  close(): Promise<void>
}

interface ConnectionOptions {
  /** The subject of messages. */
  readonly server: string
  /** How many replicas must have a write. */
  readonly replicas: number
  /** Connects, anew each time. */
  open(): Promise<RedisLink>
  /** Runs on each connection before anything else; it is not used when this rejects. */
  prepare(send: Send, isFirst: boolean): Promise<void>
}

const FIRST_PAUSE_MILLISECONDS = 50
const LONGEST_PAUSE_MILLISECONDS = 1000
const WAIT_MILLISECONDS = '2000'
// After these the server is not the one that was checked: it was demoted, or started anew.
const ENDING = new Set(['READONLY', 'LOADING', 'MASTERDOWN', 'NOAUTH'])

/**
 * Connects, and connects again whenever the connection is lost.
 *
 * @throws OperatorError when the first attempt fails.
 */
export async function connectRedis(options: ConnectionOptions): Promise<RedisConnection> {
  const link = await keepLinked(options)
  const send: Send = (command) => link.send(command)
  const read = createRun(send)
  const write = createRun(createSettled(send, options.replicas))

  return {
    send,
    read,
    write,
    close: async () => {
      // What was begun in this turn may have its wait for the replicas still to send.
      await nextTurn()
      await nextTurn()
      // Replies keep the order of their requests: with this one all have come.
      await send(['PING']).catch(() => undefined)
      link.close()
    },
  }
}

interface Linked {
  send: Send
  close(): void
}

async function keepLinked(options: ConnectionOptions): Promise<Linked> {
  const closing = new AbortController()
  let link: RedisLink | undefined
  let reason: unknown

  async function attempt(isFirst: boolean): Promise<void> {
    const opened = await openPrepared(options, isFirst)
    if (closing.signal.aborted) return opened.end(closing.signal.reason)
    link = opened
    void opened.ended.then(onEnded)
  }

  async function onEnded(why: unknown): Promise<void> {
    link = undefined
    reason = why
    let pause = FIRST_PAUSE_MILLISECONDS
    while (link === undefined && !closing.signal.aborted) {
      try {
        await sleep(pause, undefined, { signal: closing.signal })
        await attempt(false)
      } catch (error) {
        reason = error
        pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS)
      }
    }
  }

  async function send(command: readonly RedisArgument[]): Promise<unknown> {
    const used = link
    if (used === undefined) throw reason
    try {
      return await used.send(command)
    } catch (error) {
      if (ENDING.has(codeOf(error))) used.end(error)
      throw link === used ? error : (reason ?? error)
    }
  }

  await attempt(true).catch((error: unknown) => {
    throw explainRedis(error, options.server)
  })
  return {
    send,
    close: () => {
      reason = new Error('the store is closed')
      closing.abort(reason)
      link?.end(reason)
      link = undefined
    },
  }
}

async function openPrepared(
  { open, prepare }: ConnectionOptions,
  isFirst: boolean,
): Promise<RedisLink> {
  const link = await open()
  try {
    await prepare((command) => link.send(command), isFirst)
    return link
  } catch (error) {
    link.end(error)
    throw error
  }
}

/** Makes the function that runs a script by its digest, and by its text on a server that has not seen it. */
function createRun(send: Send): (script: ScriptName, call: ScriptCall) => Promise<unknown> {
  const digests = new Map<ScriptName, string>()
  return async function run(script, { keys, args }) {
    const digest = digests.get(script) ?? digestOf(script)
    digests.set(script, digest)
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await send(['EVALSHA', digest, ...rest])
    } catch (error) {
      // A script that the server does not know did not run.
      if (codeOf(error) !== 'NOSCRIPT') throw error
      return send(['EVAL', SCRIPTS[script], ...rest])
    }
  }
}

/** Makes the function that sends and waits until the replicas have it: one WAIT for all commands of a turn. */
function createSettled(send: Send, replicas: number): Send {
  if (replicas === 0) return send
  let waiting: Promise<void> | undefined

  async function waitForReplicas(): Promise<void> {
    await nextTurn()
    waiting = undefined
    const reached = await send(['WAIT', String(replicas), WAIT_MILLISECONDS])
    if (typeof reached === 'number' && reached >= replicas) return
    throw new Error(`${String(reached)} of ${replicas} replicas have the write`)
  }

  return async function sendSettled(command) {
    const sent = send(command)
    waiting ??= waitForReplicas()
    const [reply] = await Promise.all([sent, waiting])
    return reply
  }
}

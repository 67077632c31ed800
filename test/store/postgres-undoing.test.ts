import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock-and-random.ts'
import { Secret } from '../../src/secret.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import type { Scope } from '../process.ts'
import { countOf, put, putBy } from './opened.ts'
import { sharedServer } from './postgres-server.ts'

const ERROR = 'E'
const READY = 'Z'
/** Far longer than an answer takes. */
const WHILE_MILLISECONDS = 300

interface SlowUndoing {
  readonly port: number
  /** Resolves when a failure was told. */
  readonly failed: Promise<void>
  /** Lets the server be ready again. */
  release(): void
}

/** Starts a way to a server that is long in becoming ready again after it has told a failure. */
async function startSlowUndoing(scope: Scope, port: number): Promise<SlowUndoing> {
  const failed = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()

  async function passAnswers(from: Socket, to: Socket): Promise<void> {
    let rest: Buffer = Buffer.alloc(0)
    let hasFailed = false
    for await (const bytes of from) {
      rest = Buffer.concat([rest, bytes])
      // A message is a letter, then the length of what follows, itself included.
      while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
        const end = 1 + rest.readUInt32BE(1)
        const kind = String.fromCharCode(rest[0] ?? 0)
        if (kind === READY && hasFailed) await released.promise
        hasFailed = kind === ERROR
        to.write(rest.subarray(0, end))
        if (hasFailed) failed.resolve()
        rest = rest.subarray(end)
      }
    }
  }

  const server = createServer((near) => {
    const far = createConnection(port, '127.0.0.1')
    near.pipe(far)
    for (const socket of [near, far]) {
      socket.on('error', () => {})
      scope.after(() => socket.destroy())
    }
    void passAnswers(far, near).catch(() => near.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(() => server.close())
  const address = server.address()
  const own = typeof address === 'object' && address !== null ? address.port : 0
  return { port: own, failed: failed.promise, release: released.resolve }
}

test('a refused write is answered when the server has undone it, not before: its rows are locked until then', async (t) => {
  const server = await sharedServer()
  const slow = await startSlowUndoing(t, server.port)
  const url = new URL(await server.createDatabase())
  url.port = String(slow.port)
  const address = new Secret(url.href)
  const store = await openPostgresStore({ address, mode: 'dev', now: systemClock })
  t.after(() => store.close())
  await store.write([put('a'), put('b')])
  let isAnswered = false
  const refusing = store
    .write([countOf('b'), putBy('put-new', 'a')])
    .finally(() => (isAnswered = true))
  await slow.failed
  await sleep(WHILE_MILLISECONDS)
  assert.equal(isAnswered, false)
  slow.release()
  assert.equal(await refusing, false)
  assert.equal((await store.take('card', 9)).length, 2)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../src/errors.ts'
import type { Store, Write } from '../../src/store/contract.ts'
import {
  DURABLE,
  hasRedis,
  openStore,
  type RedisServer,
  startRedis,
  until,
} from './redis-server.ts'

function card(name: string): Write {
  return { op: 'put-new', kind: 'card', name, expiresAt: undefined, value: Buffer.from('v') }
}

const EVERY_METHOD: readonly ((store: Store) => Promise<unknown>)[] = [
  (store) => store.get('card', 'a'),
  (store) => store.list('card'),
  (store) => store.depth('merchant'),
  (store) => store.write([card('x')]),
  (store) => store.take('card', 1),
  (store) => store.claim('card', 1, { kind: 'session-key', expiresAt: 9_999_999_999 }),
  (store) => store.purge(),
]

/** Expects every method to be refused within a time, for a reason. */
async function refusesAll(store: Store, reason: RegExp, milliseconds: number): Promise<void> {
  for (const method of EVERY_METHOD) {
    const started = performance.now()
    await assert.rejects(method(store), (error) => {
      assert.ok(error instanceof ServiceError && error.code === 'STORE_UNAVAILABLE')
      assert.equal(error.message, 'The store is not available, try again')
      assert.equal(error.retryAfterSeconds, 1)
      assert.match(String(error.cause), reason)
      return true
    })
    const took = performance.now() - started
    assert.ok(took < milliseconds, `refused after ${took} ms`)
  }
}

async function works(store: Store): Promise<boolean> {
  return store.get('card', 'a').then(
    () => true,
    () => false,
  )
}

test('while the server is away everything is refused at once, and it works again soon after it is back', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const store = await openStore(t, server.url())
  await store.write([card('a')])
  await server.kill()
  await refusesAll(store, /cannot be reached|Socket closed/, 500)
  await sleep(1500)
  await refusesAll(store, /cannot be reached/, 500)
  await server.start()
  const back = performance.now()
  await until(() => works(store))
  assert.ok(performance.now() - back < 3000)
  assert.equal(await store.write([card('a')]), false)
  assert.equal(await store.write([card('b')]), true)
})

test('killing the server under load loses nothing that was acknowledged', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const store = await openStore(t, server.url())
  const acknowledged: string[] = []
  let counted = 0
  let begun = 0
  const over = new AbortController()
  const counter = { op: 'count', kind: 'session-key', name: 's', limits: { issued: 1e9 } } as const
  await store.write([{ ...card('s'), kind: 'session-key' }])
  async function write(): Promise<void> {
    while (!over.signal.aborted) {
      const name = `n${(begun += 1)}`
      const written = await store.write([card(name), counter]).catch(() => undefined)
      if (written === undefined) await sleep(5)
      else {
        acknowledged.push(name)
        counted += 1
      }
    }
  }
  const writers = Array.from({ length: 20 }, write)
  for (let round = 0; round < 4; round += 1) {
    const enough = acknowledged.length + 50
    await until(async () => acknowledged.length > enough)
    await server.kill()
    await server.start()
  }
  over.abort()
  await Promise.all(writers)
  await until(() => works(store))
  const there = new Set((await store.list('card')).map(({ name }) => name))
  for (const name of acknowledged) assert.ok(there.has(name), `lost: ${name}`)
  const issued = (await store.get('session-key', 's'))?.counts.issued ?? 0
  assert.equal(issued, there.size, 'a card is stored with its use or not at all')
  assert.ok(issued >= counted)
})

test('a server that is silent is given up after seconds, and used again when it wakes', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const store = await openStore(t, server.url())
  await server.signal('SIGSTOP')
  const started = performance.now()
  const refused = await Promise.allSettled(EVERY_METHOD.map((method) => method(store)))
  assert.ok(refused.every(({ status }) => status === 'rejected'))
  assert.ok(performance.now() - started < 5000)
  await refusesAll(store, /./, 500)
  await server.signal('SIGCONT')
  await until(() => works(store))
})

test('a server that is silent is given up even while more and more is sent to it', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const store = await openStore(t, server.url())
  await server.signal('SIGSTOP')
  const started = performance.now()
  const first = store.get('card', 'a').then(
    () => undefined,
    () => performance.now() - started,
  )
  const sending = setInterval(() => void store.get('card', 'b').catch(() => undefined), 20)
  const took = await first
  clearInterval(sending)
  assert.ok(took !== undefined && took < 5000)
  await server.signal('SIGCONT')
})

for (const [what, spoil, mend, reason] of [
  [
    'is out of memory',
    ['CONFIG', 'SET', 'maxmemory', '1'],
    ['CONFIG', 'SET', 'maxmemory', '0'],
    /is out of memory and refuses writes\. Raise maxmemory/,
  ],
  [
    'was made a replica',
    ['REPLICAOF', '127.0.0.1', '1'],
    ['REPLICAOF', 'NO', 'ONE'],
    /is a replica, which takes no writes\. Name its primary/,
  ],
  [
    'lacks the replicas that it is to have',
    ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
    ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
    /has fewer replicas than its min-replicas-to-write/,
  ],
] as const) {
  test(`a server that ${what} while running is refused in one sentence, and used again when it is mended`, async (t) => {
    if (!hasRedis(t)) return
    const server = await startRedis()
    const store = await openStore(t, server.url())
    await server.command(...spoil)
    await assert.rejects(store.write([card('a')]), (error) => {
      assert.ok(error instanceof ServiceError && error.code === 'STORE_UNAVAILABLE')
      assert.match(String(error.cause), reason)
      return true
    })
    await server.command(...mend)
    await until(() =>
      store.write([card('b')]).then(
        () => true,
        () => false,
      ),
    )
    assert.deepEqual(
      (await store.list('card')).map(({ name }) => name),
      ['b'],
    )
  })
}

test('a server that was demoted is not read from any more either: what it holds may be old', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const store = await openStore(t, server.url())
  await store.write([card('a')])
  await server.command('REPLICAOF', '127.0.0.1', '1')
  for (const refused of [() => store.write([card('b')]), () => store.get('card', 'a')]) {
    await assert.rejects(refused(), (error) => {
      assert.ok(error instanceof ServiceError && error.code === 'STORE_UNAVAILABLE')
      assert.match(String(error.cause), /is a replica, which takes no writes\. Name its primary/)
      return true
    })
  }
  await server.command('REPLICAOF', 'NO', 'ONE')
  await until(() => works(store))
})

async function runEndlessScript(server: RedisServer): Promise<void> {
  void server.command('EVAL', 'while true do end', '0').catch(() => undefined)
  await until(() => answers(server, /^BUSY /))
}

async function answers(server: RedisServer, expected: RegExp): Promise<boolean> {
  const reply = await server.command('PING').catch((error: unknown) => error)
  return expected.test(reply instanceof Error ? reply.message : String(reply))
}

test('a server that is busy with a script is refused in one sentence, and used again afterwards', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis([...DURABLE, '--busy-reply-threshold', '50'])
  const store = await openStore(t, server.url())
  await runEndlessScript(server)
  await refusesAll(store, /is busy running a script of another program\. Wait, or end it/, 1000)
  await server.command('SCRIPT', 'KILL')
  await until(() => works(store))
})

test('a server that is still loading is refused in one sentence, at the start and while running', async (t) => {
  if (!hasRedis(t)) return
  const slow = ['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024']
  const server = await startRedis([...DURABLE, ...slow])
  const store = await openStore(t, server.url())
  const value = Buffer.alloc(2000)
  await store.write(Array.from({ length: 300 }, (_, index) => ({ ...card(`n${index}`), value })))
  await server.command('CONFIG', 'SET', 'key-load-delay', '10000')
  const reloading = server.command('DEBUG', 'RELOAD')
  await until(() => answers(server, /^LOADING /))
  await refusesAll(store, /is still loading its data/, 1000)
  await assert.rejects(openStore(t, server.url()), /is still loading its data/)
  await reloading
  await until(() => works(store))
  assert.equal((await store.list('card')).length, 300)
})

test('a server that comes back empty is refused: what was acknowledged is lost', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis([])
  const store = await openStore(t, server.url(), { mode: 'dev' })
  await store.write([card('a')])
  await server.kill()
  await server.start()
  await sleep(1500)
  await refusesAll(store, /has lost the store: it is empty/, 500)
})

test('a server that comes back less durable is refused by serve', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const store = await openStore(t, server.url())
  await server.kill()
  await server.start('--appendfsync', 'everysec')
  await sleep(1500)
  await refusesAll(store, /does not wait for its disk/, 500)
})

test('scripts that the server has forgotten are given to it again', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const store = await openStore(t, server.url())
  await store.write([card('a')])
  await server.command('SCRIPT', 'FLUSH')
  assert.deepEqual(await Promise.all([store.write([card('b')]), store.write([card('a')])]), [
    true,
    false,
  ])
})

test('after closing everything is refused', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const store = await openStore(t, server.url())
  await store.close()
  await refusesAll(store, /the store is closed/, 100)
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock-and-random.ts'
import { ServiceError } from '../../src/errors.ts'
import { Secret } from '../../src/secret.ts'
import type { Store } from '../../src/store/contract.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { startNetwork } from './network.ts'
import { countOf, put, valueOf } from './opened.ts'
import { sharedServer, startPostgres } from './postgres-server.ts'

const LONGEST_ANSWER_MILLISECONDS = 5000
const LONGEST_RECOVERY_MILLISECONDS = 10_000

async function open(t: TestContext, address: string): Promise<Store> {
  const store = await openPostgresStore({
    address: new Secret(address),
    mode: 'serve',
    now: systemClock,
  })
  t.after(() => store.close())
  return store
}

/** Asks for everything that requests ask for; every answer must be a refusal, and come soon. */
async function assertUnavailable(store: Store): Promise<void> {
  const begun = performance.now()
  const asked = await Promise.allSettled([
    store.get('card', 'a'),
    store.write([put('b')]),
    store.write([countOf('a', 100)]),
    store.claim('pool-key', 1, { kind: 'session-key', expiresAt: 1 }),
    store.depth('signing-key'),
  ])
  assert.ok(performance.now() - begun < LONGEST_ANSWER_MILLISECONDS, 'nothing hangs')
  for (const answer of asked) {
    assert.equal(answer.status, 'rejected')
    assert.ok(answer.reason instanceof ServiceError)
    assert.equal(answer.reason.code, 'STORE_UNAVAILABLE')
    assert.equal(answer.reason.retryAfterSeconds, 1)
  }
}

async function untilAvailable(store: Store): Promise<void> {
  const begun = performance.now()
  for (;;) {
    const written = await store.write([put('again')]).catch(() => undefined)
    const took = performance.now() - begun
    assert.ok(took < LONGEST_RECOVERY_MILLISECONDS, 'it is back in time')
    if (written === true) return
    await sleep(100)
  }
}

test('while the server is down every call fails at once; afterwards the store works again by itself', async (t) => {
  const server = await startPostgres()
  const store = await open(t, await server.createDatabase())
  await store.write([put('a', 'kept')])
  for (const goDown of [server.stop, server.crash]) {
    await goDown()
    await assertUnavailable(store)
    await assertUnavailable(store)
    await server.start()
    await untilAvailable(store)
    assert.equal(await valueOf(store, 'a'), 'kept')
  }
  assert.equal((await store.get('card', 'a'))?.counts.issued, 0)
})

test('what a backend was doing when it was ended is refused, and the next call works', async (t) => {
  const server = await sharedServer()
  const address = await server.createDatabase()
  const store = await open(t, address)
  await store.write([put('a')])
  const { pathname } = new URL(address)
  await server.administer(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${pathname.slice(1)}'`,
  )
  await sleep(50)
  assert.equal(await store.write([put('b')]), true)
})

test('a network that swallows everything makes no call hang, and once it is mended the store works again', async (t) => {
  const server = await sharedServer()
  const network = await startNetwork(t, server.port)
  const url = new URL(await server.createDatabase())
  url.port = String(network.port)
  const store = await open(t, url.href)
  await store.write([put('a', 'kept')])
  network.swallow(true)
  await assertUnavailable(store)
  await assertUnavailable(store)
  network.swallow(false)
  await untilAvailable(store)
  assert.equal(await valueOf(store, 'a'), 'kept')
})

test('one write that cannot be done fails with its turn, and harms no other', async (t) => {
  const server = await sharedServer()
  const store = await open(t, await server.createDatabase())
  // An index holds no name of this length that does not compress.
  const name = randomBytes(6000).toString('base64')
  await assert.rejects(store.write([put(name)]), { code: 'STORE_UNAVAILABLE' })
  assert.equal(await store.write([put('a')]), true)
})

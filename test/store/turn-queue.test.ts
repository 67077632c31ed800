import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../src/errors.ts'
import type { Store, Write } from '../../src/store/contract.ts'
import { SQLITE_FILES } from '../../src/store/sqlite-file.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { createTurnQueue } from '../../src/store/turn-queue.ts'
import { createTestClock } from './clock.ts'
import { makeFolder } from './folder.ts'

const WAL_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
const PAGE_BYTES = 4096

/** Counts the commits in a write-ahead log: the frames that say how large the database is after them. */
function commitsIn(walPath: string): number {
  const wal = readFileSync(walPath)
  let commits = 0
  for (let at = WAL_HEADER_BYTES; at < wal.length; at += FRAME_HEADER_BYTES + PAGE_BYTES)
    if (wal.readUInt32BE(at + 4) > 0) commits += 1
  return commits
}

interface Opened {
  readonly store: Store
  /** The file of the passing records. */
  readonly path: string
  /** A second connection to it. */
  readonly other: DatabaseSync
}

function openStore(t: TestContext): Opened {
  const folder = makeFolder()
  const store = openSqliteStore({ folder, mode: 'dev', now: createTestClock().now })
  const path = join(folder, SQLITE_FILES.passing)
  const other = new DatabaseSync(path)
  t.after(async () => {
    other.close()
    await store.close()
  })
  return { store, path, other }
}

function card(name: string): Write {
  return { op: 'put-new', kind: 'card', name, expiresAt: undefined, value: Buffer.from('v') }
}

function isUnavailable(error: unknown): boolean {
  return (
    error instanceof ServiceError &&
    error.code === 'STORE_UNAVAILABLE' &&
    error.actor === 'operator'
  )
}

async function names(store: Store): Promise<string[]> {
  return (await store.list('card')).map(({ name }) => name)
}

test('the writes of one event-loop turn share one transaction, those of two turns do not', async (t) => {
  const { store, path } = openStore(t)
  await store.purge()
  assert.equal(commitsIn(`${path}-wal`), 0)
  const writes = Array.from({ length: 50 }, (_, index) => store.write([card(`n${index}`)]))
  await Promise.all([...writes, store.write([card('x'), card('y')]), store.take('pool-key', 3)])
  assert.equal(commitsIn(`${path}-wal`), 1)
  await store.write([card('a')])
  await store.write([card('b')])
  assert.equal(commitsIn(`${path}-wal`), 3)
})

test('nothing is acknowledged before its transaction is in the file', async (t) => {
  const { store, other } = openStore(t)
  const count = (): unknown =>
    other.prepare('SELECT count(*) AS count FROM records').get()?.['count']
  const writing = store.write([card('a')])
  await Promise.resolve()
  assert.equal(count(), 0)
  await writing
  assert.equal(count(), 1)
})

for (const action of ['ABORT', 'FAIL', 'ROLLBACK']) {
  test(`when the engine fails one write with ${action}, every write of the turn is refused, and the next turn works`, async (t) => {
    const { store, other } = openStore(t)
    await store.write([card('before')])
    other.exec(
      `CREATE TRIGGER fault BEFORE INSERT ON records WHEN NEW.name = 'fault'
       BEGIN SELECT RAISE(${action}, 'broken'); END`,
    )
    const settled = await Promise.allSettled([
      store.write([card('a')]),
      store.write([card('b'), card('fault'), card('c')]),
      store.write([{ op: 'delete', kind: 'card', name: 'before' }]),
      store.take('card', 1),
    ])
    for (const one of settled) assert.ok(one.status === 'rejected' && isUnavailable(one.reason))
    assert.deepEqual(await names(store), ['before'])
    other.exec('DROP TRIGGER fault')
    assert.deepEqual(await Promise.all([store.write([card('d')]), store.write([card('e')])]), [
      true,
      true,
    ])
    assert.deepEqual(await names(store), ['before', 'd', 'e'])
  })
}

test('while another connection writes, the process does other things, and what waited is written then', async (t) => {
  const { store, other } = openStore(t)
  other.exec('BEGIN IMMEDIATE')
  const writing = [store.write([card('a')])]
  // A store that kept the process waiting would give up before the other connection, which is of this process, went on.
  await sleep(200)
  assert.equal(await store.get('card', 'a'), undefined)
  writing.push(store.write([card('b')]))
  other.exec('ROLLBACK')
  assert.deepEqual(await Promise.all(writing), [true, true])
  assert.deepEqual(await names(store), ['a', 'b'])
})

test('what another connection holds up for seconds is refused, and what comes later is written', async (t) => {
  const { store, other } = openStore(t)
  other.exec('BEGIN IMMEDIATE')
  const settled = await Promise.allSettled([store.write([card('a')]), store.take('pool-key', 1)])
  for (const one of settled) assert.ok(one.status === 'rejected' && isUnavailable(one.reason))
  const writing = store.write([card('b')])
  other.exec('ROLLBACK')
  assert.equal(await writing, true)
  assert.deepEqual(await names(store), ['b'])
})

test('when the table is gone reads and writes are refused, when it is back they work', async (t) => {
  const { store, other } = openStore(t)
  await store.write([card('a')])
  other.exec('ALTER TABLE records RENAME TO elsewhere')
  for (const attempt of [
    () => store.get('card', 'a'),
    () => store.list('card'),
    () => store.depth('card'),
    () => store.write([card('b')]),
    () => store.take('card', 1),
    () => store.purge(),
  ])
    await assert.rejects(attempt, isUnavailable)
  other.exec('ALTER TABLE elsewhere RENAME TO records')
  await store.write([card('c')])
  assert.deepEqual(await names(store), ['a', 'c'])
})

test('a failure tells the public nothing and keeps its reason for the log', async (t) => {
  const { store, other } = openStore(t)
  other.exec('DROP TABLE records')
  await assert.rejects(store.write([card('a')]), (error) => {
    assert.ok(error instanceof ServiceError && error.cause instanceof Error)
    assert.equal(error.message, 'The store is not available, try again')
    assert.equal(error.retryAfterSeconds, 1)
    assert.match(error.cause.message, /no such table/)
    return true
  })
})

test('after closing everything is refused as unavailable', async (t) => {
  const { store } = openStore(t)
  await store.close()
  for (const attempt of [
    () => store.get('card', 'a'),
    () => store.write([card('b')]),
    () => store.take('card', 1),
    () => store.purge(),
  ])
    await assert.rejects(attempt, isUnavailable)
})

test('closing lets go of the engine even when the last turn fails', async (t) => {
  const { store, other } = openStore(t)
  other.exec('DROP TABLE records')
  const writing = store.write([card('a')])
  const refused = assert.rejects(writing, isUnavailable)
  await store.close()
  await refused
  await assert.rejects(store.get('card', 'a'), isUnavailable)
})

test('a job that throws undoes the whole turn, and jobs keep their order and their results', async () => {
  const db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE t (n)')
  const queue = createTurnQueue(db)
  const insert = (n: number) => (): number =>
    Number(db.prepare('INSERT INTO t VALUES (?)').run(n).changes) + n
  assert.deepEqual(await Promise.all([queue.run(insert(1)), queue.run(insert(2))]), [2, 3])
  const failing = [
    queue.run(insert(3)),
    queue.run(() => {
      throw new RangeError('mine')
    }),
  ]
  for (const one of await Promise.allSettled(failing)) assert.ok(one.status === 'rejected')
  assert.deepEqual(
    db
      .prepare('SELECT n FROM t')
      .all()
      .map(({ n }) => n),
    [1, 2],
  )
  await queue.drain()
  db.close()
})

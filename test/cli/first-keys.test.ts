import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock-and-random.ts'
import { makeFirstKeys } from '../../src/cli/first-keys.ts'
import { OperatorError } from '../../src/errors.ts'
import { holdRootKey } from '../../src/keys/root-key.ts'
import { loadSealer } from '../../src/keys/sealing-keys.ts'
import { systemRandom } from '../../src/clock-and-random.ts'
import type { Store } from '../../src/store/contract.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openRedisStore } from '../../src/store/redis.ts'
import { Secret } from '../../src/secret.ts'
import { makeRootKey } from '../flow.ts'
import { makeFolder, run } from '../process.ts'
import { openPostgres, sharedServer } from '../store/postgres-server.ts'
import { hasRedis, ignore, newPrefix, sharedRedis } from '../store/redis-server.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'

const TOGETHER = 4

/** Makes the first keys of a store many times at once; one must win, and its root key must open them. */
async function expectOne(t: TestContext, store: Store): Promise<void> {
  t.after(() => store.close())
  const roots = Array.from({ length: TOGETHER }, () => holdRootKey(makeRootKey()))
  const made = await Promise.allSettled(
    roots.map((root) => makeFirstKeys({ store, root, place: 'x' })),
  )
  const winners = roots.filter((_root, index) => made[index]?.status === 'fulfilled')
  assert.equal(winners.length, 1)
  for (const { reason } of made.filter(({ status }) => status === 'rejected') as {
    reason: unknown
  }[]) {
    assert.ok(reason instanceof OperatorError)
    assert.match(reason.problem, /^Another "coatcheck keys init" has made the keys/)
  }
  const rootKey = winners[0]?.current() ?? makeRootKey()
  await loadSealer(store, rootKey, systemRandom)
  for (const kind of ['sealing-key', 'signing-key', 'audit-key', 'mle-key'] as const) {
    assert.equal((await store.depth(kind)).count, 1, kind)
  }
}

test('of many who make the first keys of a store at once one wins: memory', (t) =>
  expectOne(t, createMemoryStore(systemClock)))

test('of many who make the first keys of a store at once one wins: SQLite', (t) =>
  expectOne(t, openSqliteStore({ folder: makeFolder(), mode: 'serve', now: systemClock })))

test('of many who make the first keys of a store at once one wins: PostgreSQL', async (t) =>
  expectOne(t, await openPostgres()))

test('of many who make the first keys of a store at once one wins: Redis', async (t) => {
  if (!hasRedis(t)) return
  const address = new Secret((await sharedRedis()).url(`/0?prefix=${newPrefix()}`))
  await expectOne(
    t,
    await openRedisStore({ address, mode: 'dev', now: systemClock, report: ignore }),
  )
})

const PLACES: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  SQLite: async () => ['--data', join(makeFolder(), 'data')],
  PostgreSQL: async () => ['--store', await (await sharedServer()).createDatabase()],
}

for (const [engine, makePlace] of Object.entries(PLACES)) {
  test(`of two processes that run keys init at once the second is refused in one sentence: ${engine}`, async (t) => {
    const place = await makePlace()
    const folder = makeFolder()
    const init = (root: string): ReturnType<typeof run> =>
      run(t, ['keys', 'init', ...place, '--root-key-file', root], { folder })
    const ended = await Promise.all([init('a.key'), init('b.key')])
    assert.deepEqual(
      ended.map(({ code }) => code).toSorted((a, b) => Number(a) - Number(b)),
      [0, 1],
    )
    const refused = ended.find(({ code }) => code === 1)
    assert.match(
      refused?.stderr ?? '',
      /^coatcheck: (Another "coatcheck keys init" has made the keys of|The store in .* has keys already\.)/,
    )
    assert.equal(refused?.stdout, '')
    const root = ended[0]?.code === 0 ? 'a.key' : 'b.key'
    assert.ok(readdirSync(folder).includes(root))
    const listed = await run(t, ['keys', 'list', ...place, '--root-key-file', root], { folder })
    assert.deepEqual([listed.code, listed.stderr], [0, ''])
    assert.equal(listed.stdout.match(/^sealing key /gm)?.length, 1)
    assert.equal(listed.stdout.match(/^signing key /gm)?.length, 1)
  })
}

import { test } from 'node:test'

import { Secret } from '../../src/secret.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { openRedisStore } from '../../src/store/redis.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { makeFolder } from '../store/folder.ts'
import { sharedServer } from '../store/postgres-server.ts'
import { hasRedis, ignore, newPrefix, REDIS, sharedRedis } from '../store/redis-server.ts'
import { testReleases } from './release-conformance.ts'

testReleases('memory', async (now) => ({ store: createMemoryStore(now) }))

testReleases('SQLite', async (now) => ({
  store: openSqliteStore({ folder: makeFolder(), mode: 'dev', now }),
}))

testReleases('PostgreSQL', async (now) => {
  const address = new Secret(await (await sharedServer()).emptyDatabase())
  return { store: await openPostgresStore({ address, mode: 'dev', now }) }
})

if (REDIS.found) {
  testReleases('Redis', async (now) => {
    const address = new Secret((await sharedRedis()).url(`/0?prefix=${newPrefix()}`))
    return { store: await openRedisStore({ address, mode: 'dev', now, report: ignore }) }
  })
} else test('releases on Redis', (t) => void hasRedis(t))

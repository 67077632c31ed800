import { test } from 'node:test'
import { Secret } from '../../src/secret.ts'
import { openRedisStore } from '../../src/store/redis.ts'
import { testStore } from './conformance.ts'
import { hasRedis, ignore, newPrefix, REDIS, sharedRedis } from './redis-server.ts'

if (REDIS.found) {
  testStore('Redis', async (now) => {
    const address = new Secret((await sharedRedis()).url(`/0?prefix=${newPrefix()}`))
    const open = () => openRedisStore({ address, mode: 'serve', now, report: ignore })
    const store = await open()
    return { store, reopen: () => store.close().then(open) }
  })
} else test('Redis keeps the contract of a store', (t) => void hasRedis(t))

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { testStore } from './conformance.ts'
import { makeFolder } from './folder.ts'

testStore('SQLite', async (now) => {
  const options = { folder: makeFolder(), mode: 'dev', now } as const
  const store = openSqliteStore(options)
  const reopen = async (): Promise<typeof store> => {
    await store.close()
    return openSqliteStore(options)
  }
  return { store, reopen }
})

test('what was asked before the store closes is answered', async () => {
  const store = openSqliteStore({ folder: makeFolder(), mode: 'dev', now: () => new Date() })
  const asked = Promise.all([
    store.get('card', 'a'),
    store.list('merchant'),
    store.depth('pool-key'),
  ])
  await store.close()
  assert.deepEqual(await asked, [undefined, [], { count: 0, earliestExpiry: undefined }])
  await assert.rejects(store.get('card', 'a'), { code: 'STORE_UNAVAILABLE' })
})

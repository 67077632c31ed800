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

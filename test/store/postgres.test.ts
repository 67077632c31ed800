import { openPostgresStore } from '../../src/store/postgres.ts'
import { Secret } from '../../src/secret.ts'
import { testStore } from './conformance.ts'
import { sharedServer } from './postgres-server.ts'

testStore('PostgreSQL', async (now) => {
  const address = new Secret(await (await sharedServer()).emptyDatabase())
  const open = (): ReturnType<typeof openPostgresStore> =>
    openPostgresStore({ address, mode: 'dev', now })
  const store = await open()
  const reopen = async (): ReturnType<typeof open> => {
    await store.close()
    return open()
  }
  return { store, reopen }
})

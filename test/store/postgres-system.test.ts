import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { Secret } from '../../src/secret.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { testStore } from './conformance.ts'
import { SYSTEM_BINARIES } from './postgres-programs.ts'
import { startPostgres, type PostgresServer } from './postgres-server.ts'

// The older version that the system may have, beside the one of postgres.test.ts.
if (existsSync(SYSTEM_BINARIES)) {
  let server: Promise<PostgresServer> | undefined
  testStore('PostgreSQL of the system', async (now) => {
    server ??= startPostgres({ binaries: SYSTEM_BINARIES })
    const address = new Secret(await (await server).emptyDatabase())
    const open = (): ReturnType<typeof openPostgresStore> =>
      openPostgresStore({ address, mode: 'dev', now })
    const store = await open()
    const reopen = async (): ReturnType<typeof open> => {
      await store.close()
      return open()
    }
    return { store, reopen }
  })
} else {
  test('PostgreSQL of the system', { skip: `there is none in ${SYSTEM_BINARIES}` })
}

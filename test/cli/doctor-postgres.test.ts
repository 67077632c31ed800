import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedServer } from '../store/postgres-server.ts'
import { makeVault } from '../vault.ts'
import { diagnose } from './diagnose.ts'

async function createDatabase(): Promise<string> {
  return (await sharedServer()).createDatabase()
}

test('doctor looks at the database, the keys and the merchants in it', async (t) => {
  const { store, rootKeyFile } = await makeVault(3, {}, await createDatabase())
  const { code, problems, text } = await diagnose(t, [
    '--store',
    store,
    '--root-key-file',
    rootKeyFile,
  ])
  assert.deepEqual(problems, [])
  assert.equal(code, 0)
  assert.match(text, /is PostgreSQL \d+, writable, and keeps what it acknowledges\.$/m)
  assert.match(text, /^The clock of the database is within 1000 ms of ours\.$/m)
  assert.match(text, /^\d+ of \d+ connections of the database are in use\.$/m)
  assert.match(text, /^The store has 1 merchant and 1 live credential\.$/m)
  assert.ok(!text.includes('data folder'), 'nothing is said of a folder that is not used')
})

test('doctor says that a database has no store, is not durable, or cannot be reached', async (t) => {
  const address = await createDatabase()
  const empty = await diagnose(t, ['--store', address])
  assert.match(empty.problems.join('\n'), /^Nothing is set up: there is no store in postgres:/m)
  const server = await sharedServer()
  const { pathname } = new URL(address)
  await server.administer(`ALTER DATABASE ${pathname.slice(1)} SET synchronous_commit = off`)
  const undurable = await diagnose(t, ['--store', address])
  assert.match(undurable.problems.join('\n'), /runs with synchronous_commit off: /)
  const gone = await diagnose(t, ['--store', 'postgres://shop:hunter2@127.0.0.1:1/coatcheck'])
  assert.equal(gone.code, 1)
  assert.match(
    gone.problems.join('\n'),
    /^postgres:\/\/127\.0\.0\.1:1\/coatcheck cannot be reached\.$/m,
  )
  assert.ok(!gone.text.includes('hunter2'))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'pg'
import { systemClock } from '../../src/clock-and-random.ts'
import { OperatorError } from '../../src/errors.ts'
import { Secret } from '../../src/secret.ts'
import type { Mode } from '../../src/store/contract.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { names, put } from './opened.ts'
import { sharedServer, startPostgres } from './postgres-server.ts'

async function createDatabase(): Promise<string> {
  return (await sharedServer()).createDatabase()
}

async function query(address: string, ...statements: readonly string[]): Promise<unknown[][]> {
  const client = new Client({ connectionString: address })
  await client.connect()
  let rows: unknown[][] = []
  for (const text of statements) {
    rows = (await client.query<unknown[]>({ text, rowMode: 'array' })).rows
  }
  await client.end()
  return rows
}

/** Everything that is in the schemas of a database, in a form that can be compared. */
function contentsOf(address: string): Promise<unknown[][]> {
  return query(
    address,
    `SELECT oid::text, relname, xmin::text FROM pg_class
       WHERE relnamespace::regnamespace::text LIKE 'coatcheck%' ORDER BY oid`,
  )
}

async function make(address: string, mode: Mode = 'serve'): Promise<void> {
  const store = await openPostgresStore({ address: new Secret(address), mode, now: systemClock })
  await store.close()
}

/** Opens a database that must be refused, and checks that the refusal is for operators and shows no password. */
async function refusal(address: string): Promise<string> {
  let refused: unknown
  try {
    await make(address)
  } catch (error) {
    refused = error
  }
  assert.ok(refused instanceof OperatorError, String(refused))
  for (const sentence of [refused.problem, refused.fix]) {
    assert.match(sentence, /^[^\n]+\.$/)
    assert.ok(!sentence.includes('hunter2'))
  }
  const { host, pathname } = new URL(address)
  return refused.problem.replace(`postgres://${host}${pathname}`, 'DATABASE')
}

function withUser(address: string, user: string): string {
  const url = new URL(address)
  url.username = user
  url.password = 'hunter2'
  return url.href
}

test('a server that does not listen, or does not know the host, is said to be out of reach', async () => {
  for (const address of [
    'postgres://u:hunter2@127.0.0.1:1/db',
    'postgres://u:hunter2@nowhere.invalid/db',
  ]) {
    assert.equal(await refusal(address), 'DATABASE cannot be reached.')
  }
})

test('an unknown user, a wrong password and an unknown database are told apart from each other', async () => {
  const server = await sharedServer()
  const address = await server.createDatabase()
  await server.administer("CREATE ROLE locked LOGIN PASSWORD 'right'")
  const refused = 'DATABASE refuses the user or the password.'
  assert.equal(await refusal(withUser(address, 'nobody')), refused)
  assert.equal(await refusal(withUser(address, 'locked')), refused)
  assert.equal(await refusal(`${address}_not`), 'DATABASE does not exist.')
})

test('a user who may not make schemas is refused, unless somebody has made them', async () => {
  const server = await sharedServer()
  const address = await server.createDatabase()
  await server.administer('CREATE ROLE humble LOGIN')
  const humble = withUser(address, 'humble')
  assert.equal(
    await refusal(humble),
    'The user of DATABASE may not make or use the schemas of the store.',
  )
  assert.deepEqual(await contentsOf(address), [])
  await query(
    address,
    'CREATE SCHEMA coatcheck AUTHORIZATION humble',
    'CREATE SCHEMA coatcheck_passing AUTHORIZATION humble',
  )
  await make(humble)
})

test('a schema of a newer version is refused and stays as it was', async () => {
  for (const schema of ['coatcheck', 'coatcheck_passing']) {
    const address = await createDatabase()
    await make(address)
    await query(address, `UPDATE ${schema}.stamp SET version = 99`)
    const before = await contentsOf(address)
    assert.match(
      await refusal(address),
      new RegExp(`^The schema ${schema} in DATABASE was written by a newer version of Coatcheck`),
    )
    assert.deepEqual(await contentsOf(address), before)
  }
})

test('a schema of another program is refused and stays as it was', async () => {
  const address = await createDatabase()
  await query(address, 'CREATE SCHEMA coatcheck_passing', 'CREATE TABLE coatcheck_passing.t ()')
  const before = await contentsOf(address)
  assert.equal(
    await refusal(address),
    'The schema coatcheck_passing in DATABASE belongs to another program.',
  )
  assert.deepEqual(await contentsOf(address), before)
})

test('a database of dev mode is refused by serve mode', async () => {
  const address = await createDatabase()
  await make(address, 'dev')
  assert.equal(
    await refusal(address),
    'The schema coatcheck in DATABASE belongs to "coatcheck dev".',
  )
})

test('a read-only database is refused', async () => {
  const server = await sharedServer()
  const address = await server.createDatabase()
  const name = new URL(address).pathname.slice(1)
  await server.administer(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  assert.equal(await refusal(address), 'DATABASE is read-only, as a standby is.')
})

test('a standby is refused', async () => {
  const { port } = await startPostgres({ standby: true })
  const address = `postgres://postgres@127.0.0.1:${port}/postgres`
  assert.equal(await refusal(address), 'DATABASE is read-only, as a standby is.')
})

test('serve mode refuses a server that would lose acknowledged writes', async () => {
  const because = (setting: string): string =>
    `DATABASE runs with ${setting} off: a crash would lose tokens that were acknowledged.`
  for (const setting of ['fsync', 'full_page_writes']) {
    const server = await startPostgres({ settings: [`${setting} = off`] })
    const address = await server.createDatabase()
    assert.equal(await refusal(address), because(setting))
    assert.deepEqual(await contentsOf(address), [])
    await make(address, 'dev')
    await server.stop()
  }
})

test('serve mode refuses a role or a database that does not wait for its commits', async () => {
  const server = await sharedServer()
  const address = await server.createDatabase()
  const name = new URL(address).pathname.slice(1)
  await server.administer(`ALTER DATABASE ${name} SET synchronous_commit = off`)
  assert.match(await refusal(address), /^DATABASE runs with synchronous_commit off: /)
})

test('a database that was restored without its passing schema is completed, and keeps what lasts', async () => {
  const address = await createDatabase()
  const options = { address: new Secret(address), mode: 'serve', now: systemClock } as const
  const first = await openPostgresStore(options)
  await first.write([{ ...put('shop-1'), kind: 'merchant' }])
  await first.write([put('card')])
  await first.close()
  await query(address, 'DROP SCHEMA coatcheck_passing CASCADE')
  const again = await openPostgresStore(options)
  assert.deepEqual(await names(again, 'merchant'), ['shop-1'])
  assert.deepEqual(await names(again, 'card'), [])
  await again.close()
})

test('reads, writes and purges find their rows by an index, however small the tables were when they were planned', async () => {
  const address = await createDatabase()
  const store = await openPostgresStore({
    address: new Secret(address),
    mode: 'serve',
    now: systemClock,
  })
  await query(address, 'ANALYZE')
  const writes = Array.from({ length: 2000 }, (_, index) => put(`n${index}`, 'v', 9_999_999_999))
  await store.write(writes)
  const scanned = async (): Promise<number> => {
    // Counters are told with a delay, and by connections that end at once.
    const [[count] = []] = await query(
      address,
      "SELECT sum(seq_tup_read)::integer FROM pg_stat_user_tables WHERE relname = 'records'",
    )
    return Number(count)
  }
  const before = await scanned()
  await store.get('card', 'n77')
  await store.write([put('n78', 'w', 9_999_999_999)])
  await store.take('pool-key', 3)
  await store.claim('pool-key', 3, { kind: 'session-key', expiresAt: 9_999_999_999 })
  await store.depth('pool-key')
  assert.equal(await store.purge(), 0)
  await store.close()
  assert.equal((await scanned()) - before, 0)
})

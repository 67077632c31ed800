import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { run } from '../process.ts'
import { sharedServer } from '../store/postgres-server.ts'
import { makeVault, ORIGIN } from '../vault.ts'

interface Diagnosis {
  readonly code: number | null
  readonly problems: readonly string[]
  readonly text: string
}

async function diagnose(t: TestContext, args: readonly string[]): Promise<Diagnosis> {
  const all = ['doctor', '--no-measure', '--json', '--origin', ORIGIN, ...args]
  const { code, stdout, stderr } = await run(t, all)
  assert.equal(stderr, '')
  const { findings } = JSON.parse(stdout) as {
    readonly findings: readonly { readonly severity: string; readonly what: string }[]
  }
  const of = (severity: string): readonly string[] =>
    findings.filter((finding) => finding.severity === severity).map(({ what }) => what)
  return { code, problems: of('problem'), text: findings.map(({ what }) => what).join('\n') }
}

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

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { OperatorError } from '../../src/errors.ts'
import type { Write } from '../../src/store/contract.ts'
import { openSqliteFile, SQLITE_FILES } from '../../src/store/sqlite-file.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { createTestClock } from './clock.ts'
import { makeFolder } from './folder.ts'

/** Opens a file that must be refused, and checks that the refusal is for operators and changed nothing. */
function refusal(path: string): string {
  const before = contentsOf(dirname(path))
  let refused: unknown
  try {
    openSqliteFile(path, 'serve').close()
  } catch (error) {
    refused = error
  }
  assert.ok(refused instanceof OperatorError, String(refused))
  assert.deepEqual(contentsOf(dirname(path)), before)
  for (const sentence of [refused.problem, refused.fix]) assert.match(sentence, /^[^\n]+\.$/)
  return refused.problem.replace(path, 'FILE')
}

/** Digests of the files of a folder, but for the locks (`-shm`), which reading changes too. */
function contentsOf(folder: string): Record<string, string> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return {}
  const files = readdirSync(folder).filter(
    (name) => statSync(join(folder, name)).isFile() && !name.endsWith('-shm'),
  )
  return Object.fromEntries(
    files.map((name) => [name, hash('sha256', readFileSync(join(folder, name)))]),
  )
}

/** Makes a file of a closed database of ours, with some records in it. */
async function makeOurs(): Promise<string> {
  const folder = makeFolder()
  const store = openSqliteStore({ folder, mode: 'serve', now: createTestClock().now })
  const writes = Array.from({ length: 200 }, (_, index): Write => {
    const value = Buffer.alloc(200, index)
    return { op: 'put', kind: 'merchant', name: `m${index}`, expiresAt: undefined, value }
  })
  await store.write(writes)
  await store.close()
  return join(folder, SQLITE_FILES.lasting)
}

function makeForeign(sql: string): string {
  const path = join(makeFolder(), 'other.db')
  const db = new DatabaseSync(path)
  db.exec(sql)
  db.close()
  return path
}

const DAMAGED = 'FILE is damaged or not a database.'
const FOREIGN = 'FILE is a database of another program.'

test('a text file is refused and stays as it is, however short', () => {
  for (const text of ['hi', 'hello\n', 'some notes\n'.repeat(500)]) {
    const path = join(makeFolder(), 'notes.db')
    writeFileSync(path, text)
    assert.equal(refusal(path), DAMAGED)
  }
})

test('a damaged file of ours is refused and stays as it is', async () => {
  const path = await makeOurs()
  const good = readFileSync(path)
  for (const [at, length] of [
    [0, 16],
    [16, 84],
    [100, 3996],
  ] as const) {
    const damaged = Buffer.from(good)
    damaged.fill(0xa5, at, at + length)
    writeFileSync(path, damaged)
    assert.equal(refusal(path), DAMAGED, `from byte ${at}`)
  }
  writeFileSync(path, good.subarray(0, 5000))
  assert.equal(refusal(path), DAMAGED)
})

test('a database of another program is refused and stays as it is, in any journal mode', () => {
  for (const sql of [
    'CREATE TABLE notes (text)',
    'PRAGMA journal_mode = WAL; CREATE TABLE notes (text)',
    'PRAGMA application_id = 42; CREATE TABLE records (id)',
    'PRAGMA application_id = 42',
    'PRAGMA user_version = 1',
    'PRAGMA user_version = 7',
  ])
    assert.equal(refusal(makeForeign(sql)), FOREIGN, sql)
})

test('a database of another program that is in use is refused and stays as it is', (t) => {
  const path = join(makeFolder(), 'other.db')
  const other = new DatabaseSync(path)
  t.after(() => other.close())
  other.exec('PRAGMA journal_mode = WAL; CREATE TABLE notes (text); INSERT INTO notes VALUES (1)')
  assert.equal(refusal(path), FOREIGN)
})

test('a database of the other mode is refused and stays as it is', () => {
  const path = join(makeFolder(), 'coatcheck.db')
  openSqliteFile(path, 'dev').close()
  assert.equal(refusal(path), 'FILE belongs to "coatcheck dev".')
})

test('a database of another version is refused and stays as it is', async () => {
  for (const [version, told] of [
    [1, /^FILE was written by an early version of Coatcheck, /],
    [3, /^FILE was written by a newer version of Coatcheck \(schema 3, this one knows 2\)/],
  ] as const) {
    const path = await makeOurs()
    const db = new DatabaseSync(path)
    db.exec(`PRAGMA user_version = ${version}`)
    db.close()
    assert.match(refusal(path), told)
  }
})

test('a folder that cannot be made, or a file that is a folder, is refused', () => {
  const notes = join(makeFolder(), 'notes')
  writeFileSync(notes, 'not a folder')
  assert.match(refusal(join(notes, 'coatcheck.db')), /^FILE cannot be opened: /)
  assert.match(refusal(join(notes, 'deep', 'coatcheck.db')), /^FILE cannot be opened: /)
  assert.equal(readFileSync(notes, 'utf8'), 'not a folder')
  assert.match(refusal('/proc/none/data/coatcheck.db'), /^FILE cannot be opened: no such file/)
  const folder = join(makeFolder(), 'coatcheck.db')
  mkdirSync(folder)
  assert.match(refusal(folder), /^FILE cannot be opened: /)
})

test('either file being refused refuses the whole store', async () => {
  for (const name of Object.values(SQLITE_FILES)) {
    const folder = makeFolder()
    writeFileSync(join(folder, name), 'some notes')
    const now = createTestClock().now
    assert.throws(() => openSqliteStore({ folder, mode: 'dev', now }), OperatorError)
    assert.equal(readFileSync(join(folder, name), 'utf8'), 'some notes')
  }
})

test('an empty file becomes a database', () => {
  const path = join(makeFolder(), 'coatcheck.db')
  writeFileSync(path, '')
  openSqliteFile(path, 'dev').close()
  openSqliteFile(path, 'dev').close()
})

test('the data folder and its files can be read by nobody else', () => {
  const folder = join(makeFolder(), 'data')
  const path = join(folder, 'coatcheck.db')
  const db = openSqliteFile(path, 'dev')
  const modes = [folder, path, `${path}-wal`].map((name) => statSync(name).mode & 0o777)
  db.close()
  assert.deepEqual(modes, [0o700, 0o600, 0o600])
})

test('a commit waits for the disk, deleted bytes are overwritten, schemas are not trusted, nothing is written elsewhere', () => {
  const db = openSqliteFile(join(makeFolder(), 'coatcheck.db'), 'dev')
  const setting = (name: string): unknown =>
    Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]
  const names = ['journal_mode', 'synchronous', 'secure_delete', 'trusted_schema', 'temp_store']
  const settings = names.map(setting)
  db.close()
  assert.deepEqual(settings, ['wal', 2, 1, 0, 2])
})

for (const [what, erase] of [
  ['deleted', { op: 'delete', kind: 'card', name: 'a' }],
  [
    'replaced',
    { op: 'put', kind: 'card', name: 'a', expiresAt: undefined, value: Buffer.from('b') },
  ],
  ['spent', { op: 'count', kind: 'card', name: 'a', limits: { issued: 1 } }],
] as const) {
  test(`after a purge nothing of a value that was ${what} is in the files`, async () => {
    const folder = makeFolder()
    const store = openSqliteStore({ folder, mode: 'dev', now: createTestClock().now })
    const holdsMarker = (): boolean =>
      readdirSync(folder).some((name) =>
        readFileSync(join(folder, name)).includes('4111111111111111'),
      )
    // One value fits into its row, the other fills pages of its own.
    for (const value of ['4111111111111111', '4111111111111111'.repeat(1000)]) {
      await store.write([
        { op: 'put', kind: 'card', name: 'a', expiresAt: undefined, value: Buffer.from(value) },
      ])
      assert.equal(holdsMarker(), true)
      await store.write([erase])
      await store.purge()
      assert.equal(holdsMarker(), false)
    }
    await store.close()
  })
}

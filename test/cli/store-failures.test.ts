import assert from 'node:assert/strict'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, test } from 'node:test'
import { run } from '../process.ts'
import { makeVault, type MadeVault } from '../vault.ts'

let vault: MadeVault
before(async () => {
  vault = await makeVault(0)
  refuseWrites(vault, 'database or disk is full')
})

/** Makes the store refuse every write with a message, as its engine would. */
function refuseWrites({ data }: MadeVault, message: string): void {
  const db = new DatabaseSync(join(data, 'coatcheck.db'))
  for (const event of ['INSERT', 'UPDATE', 'DELETE']) {
    db.exec(
      `CREATE TRIGGER refuse_${event} BEFORE ${event} ON records
       BEGIN SELECT RAISE(ABORT, '${message}'); END`,
    )
  }
  db.close()
}

const WRITING: readonly (readonly string[])[] = [
  ['merchants', 'add', 'x'],
  ['merchants', 'disable', 'shop-1'],
  ['credentials', 'add', 'shop-1'],
  ['credentials', 'revoke', 'key-1'],
  ['keys', 'rotate', 'signing'],
  ['keys', 'rewrap'],
]

for (const command of WRITING) {
  test(`${command.join(' ')} says in a sentence why the store did not write`, async (t) => {
    const where = ['--data', vault.data, '--root-key-file', vault.rootKeyFile]
    const plain = await run(t, [...command, ...where], { folder: vault.data })
    assert.deepEqual([plain.code, plain.stdout], [1, ''])
    assert.match(
      plain.stderr,
      /^coatcheck: The store is not available: database or disk is full\.\n {2}See that .*\n$/,
    )
    const asJson = await run(t, [...command, ...where, '--json'], { folder: vault.data })
    assert.deepEqual([asJson.code, asJson.stdout], [1, ''])
    const { error } = JSON.parse(asJson.stderr) as { readonly error: Record<string, string> }
    assert.equal(error['problem'], 'The store is not available: database or disk is full.')
    assert.match(error['fix'] ?? '', /^See that .* then try again\.$/)
  })
}

test('keys rewrap says why shares that were printed open nothing', async (t) => {
  const where = ['--data', vault.data, '--root-key-file', vault.rootKeyFile]
  const counts = ['--to', 'shares', '--shares', '3', '--threshold', '2']
  const { code, stderr } = await run(t, ['keys', 'rewrap', ...counts, ...where])
  assert.equal(code, 1)
  assert.equal(
    stderr,
    'coatcheck: The sealing keys could not be wrapped (database or disk is full): the shares that were printed open nothing, unless the store took it after all.\n  See whether "coatcheck keys list --root-key-in shares" opens it with them; if not, destroy them and try again.\n',
  )
})

test('a file whose pages are damaged sends to doctor, which says what to do', async (t) => {
  const damaged = await makeVault(64)
  const file = openSync(join(damaged.data, 'vault.db'), 'r+')
  writeSync(file, Buffer.alloc(12_288, 0xa5), 0, 12_288, 8192)
  closeSync(file)
  const where = ['--data', damaged.data, '--root-key-file', damaged.rootKeyFile]
  const { code, stderr } = await run(t, ['audit', 'list', ...where])
  assert.equal(code, 1)
  assert.match(stderr, /^coatcheck: [^\n]*malformed\.\n {2}Run "coatcheck doctor": it says which/)
})

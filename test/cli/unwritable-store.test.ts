import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { until } from '../process.ts'
import { makeVault, ORIGIN, serveArgs } from '../vault.ts'
import { CANNOT_BIND_ROOT, runBound } from './bound-by-modes.ts'
import { serve } from './serving.ts'

test('readiness turns 503 while the store can be read but not written, and is back by itself', async (t) => {
  const vault = await makeVault(8)
  const serving = await serve(t, vault)
  const ask = async (): Promise<unknown> => {
    const reply = await fetch(`${serving.ready.operatorUrl}/readyz`)
    const { checks } = (await reply.json()) as { readonly checks: Record<string, string> }
    return `${reply.status} ${checks['store']}`
  }
  assert.equal(await ask(), '200 ok')
  const db = new DatabaseSync(join(vault.data, 'vault.db'), { timeout: 5000 })
  t.after(() => db.close())
  // Whatever refuses writes does: a full disk needs a disk of its own.
  db.exec(`CREATE TRIGGER full BEFORE INSERT ON records BEGIN SELECT RAISE(ABORT, 'full'); END`)
  await until(async () => (await ask()) === '503 cannot be written', serving)
  await assert.rejects(serving.flow.openSession(), { status: 503 })
  db.exec('DROP TRIGGER full')
  await until(async () => (await ask()) === '200 ok', serving)
})

for (const name of ['coatcheck.db', 'vault.db']) {
  const title = `serve refuses a ${name} that its user may not write, and doctor finds it`
  test(title, { skip: CANNOT_BIND_ROOT }, async (t) => {
    const vault = await makeVault(0)
    chmodSync(join(vault.data, name), 0o400)
    const { code, stdout, stderr } = await runBound(t, serveArgs(vault))
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(
      stderr,
      /^coatcheck: The store in \S+ cannot be written: attempt to write a readonly database\.\n {2}Let the user .*\n$/,
    )
    const place = ['--data', vault.data, '--root-key-file', vault.rootKeyFile, '--origin', ORIGIN]
    const diagnosis = await runBound(t, ['doctor', '--no-measure', ...place])
    assert.equal(diagnosis.code, 1)
    assert.match(diagnosis.stdout, new RegExp(`✗ This user cannot write \\S+/${name}: `))
    assert.match(diagnosis.stdout, /^1 problem, /m)
  })
}

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { SQLITE_FILES } from '../../src/store/sqlite-file.ts'
import { serve } from '../cli/serving.ts'
import { makeFolder } from '../process.ts'
import { makeVault } from '../vault.ts'

test('a restored backup of SQLite brings keys and merchants back, and no card', async (t) => {
  const vault = await makeVault(64)
  const serving = await serve(t, vault)
  const { jti } = await serving.flow.redeem(await serving.flow.openSession())
  const restored = makeFolder()
  const db = new DatabaseSync(join(vault.data, SQLITE_FILES.lasting), { readOnly: true })
  // What `sqlite3 … ".backup …"` does, while the service runs.
  await backup(db, join(restored, SQLITE_FILES.lasting))
  db.close()
  await serving.flow.client.getPaymentDetails(jti)
  serving.kill('SIGTERM')
  await serving.ended

  const keyWait = ['--key-wait-milliseconds', '30000', '--pool-target', '1']
  const again = await serve(t, { ...vault, data: restored }, { args: keyWait })
  await assert.rejects(again.flow.client.getPaymentDetails(jti), { status: 404 })
  const context = await again.flow.openSession()
  assert.ok(context.claims.flx.jwk.kid)
  assert.ok(readdirSync(restored).includes(SQLITE_FILES.passing), 'it was made anew')
})

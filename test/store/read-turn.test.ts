import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'

import { ServiceError } from '../../src/errors.ts'
import { createReadTurn } from '../../src/store/read-turn.ts'
import { makeFolder } from './folder.ts'

function openTable(t: TestContext): { readonly db: DatabaseSync; readonly other: DatabaseSync } {
  const path = join(makeFolder(), 'file.db')
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE numbers (n INTEGER)')
  const other = new DatabaseSync(path)
  t.after(() => {
    other.close()
    if (db.isOpen) db.close()
  })
  return { db, other }
}

function countIn(db: DatabaseSync): unknown {
  return db.prepare('SELECT count(*) AS count FROM numbers').get()?.['count']
}

test('the reads of one turn see one state, those of the next what was written meanwhile', async (t) => {
  const { db, other } = openTable(t)
  const run = createReadTurn(db)
  const inOneTurn = [
    run(() => countIn(db)),
    run(() => other.exec('INSERT INTO numbers VALUES (1)')),
    run(() => countIn(db)),
  ]
  assert.deepEqual(await Promise.all(inOneTurn), [0, undefined, 0])
  assert.equal(await run(() => countIn(db)), 1)
  assert.equal(db.isTransaction, false)
})

test('a read that fails takes no other with it', async (t) => {
  const { db } = openTable(t)
  const run = createReadTurn(db)
  const fault = new Error('damaged')
  const [failed, read] = await Promise.allSettled([
    run(() => {
      throw fault
    }),
    run(() => countIn(db)),
  ])
  assert.ok(failed.status === 'rejected' && failed.reason instanceof ServiceError)
  assert.equal(failed.reason.code, 'STORE_UNAVAILABLE')
  assert.equal(failed.reason.cause, fault)
  assert.deepEqual(read, { status: 'fulfilled', value: 0 })
  assert.equal(db.isTransaction, false)
})

test('reads of a database that was closed meanwhile are refused', async (t) => {
  const { db } = openTable(t)
  const run = createReadTurn(db)
  const read = run(() => countIn(db))
  db.close()
  await assert.rejects(read, { code: 'STORE_UNAVAILABLE' })
})

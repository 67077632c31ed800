import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasRedis, startRedis } from '../store/redis-server.ts'
import { makeVault } from '../vault.ts'
import { diagnose } from './diagnose.ts'

test('doctor looks at the Redis server, and changes nothing on it', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const { store, rootKeyFile } = await makeVault(3, {}, server.url())
  const changes = async (): Promise<unknown> =>
    /rdb_changes_since_last_save:\d+/.exec(String(await server.command('INFO', 'persistence')))?.[0]
  const before = await changes()
  const args = ['--store', store, '--root-key-file', rootKeyFile]
  const { code, problems, text } = await diagnose(t, args)
  assert.deepEqual(problems, [])
  assert.equal(code, 0)
  assert.match(text, /is Redis 7, writable, and keeps what it acknowledges\.$/m)
  assert.match(text, /^The clock of the database is within 1000 ms of ours\.$/m)
  assert.match(text, /^\d+ of 10000 connections of the database are in use\.$/m)
  assert.match(text, /^The store has 1 merchant and 1 live credential\.$/m)
  assert.ok(before !== undefined && (await changes()) === before, 'nothing was written')
  await server.kill()
})

test('doctor says that a Redis has no store, is not durable, or cannot be reached', async (t) => {
  if (!hasRedis(t)) return
  const server = await startRedis()
  const empty = await diagnose(t, ['--store', server.url()])
  assert.match(empty.problems.join('\n'), /^Nothing is set up: there is no store in redis:/m)
  await server.command('CONFIG', 'SET', 'appendfsync', 'everysec')
  const undurable = await diagnose(t, ['--store', server.url()])
  assert.match(undurable.problems.join('\n'), /does not wait for its disk/)
  assert.equal(await server.command('DBSIZE'), 0)
  await server.kill()
  const gone = await diagnose(t, ['--store', server.url().replace('//', '//:hunter2@')])
  assert.equal(gone.code, 1)
  assert.match(gone.problems.join('\n'), /^The Redis server at \S+ cannot be reached\.$/m)
  assert.ok(!gone.text.includes('hunter2'))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertAcknowledged, testProcesses, withStore } from './conformance-processes.ts'
import { put } from './opened.ts'
import { sharedServer, startPostgres } from './postgres-server.ts'
import { childCommand, pooled, runTogether, start } from './processes.ts'

async function createDatabase(): Promise<string> {
  return (await sharedServer()).createDatabase()
}

testProcesses(createDatabase)

test('processes that count the same records in turns of their own never wait for each other in a circle', async () => {
  const address = await createDatabase()
  await withStore(address, (store) => store.write([put('one'), put('two')]))
  const counted = (await runTogether('count-both', address, 4)).flat()
  assert.deepEqual(new Set(counted), new Set(['2']))
  await withStore(address, async (store) => {
    assert.equal((await store.get('card', 'one'))?.counts.opened, 800)
    assert.equal((await store.get('card', 'two'))?.counts.opened, 800)
  })
  const deadlocks = await (
    await sharedServer()
  ).ask('SELECT sum(deadlocks)::integer AS found FROM pg_stat_database')
  assert.equal(deadlocks, 0)
})

test('killing a writer at any moment loses no write that was acknowledged, and brings back nothing taken', async () => {
  const address = await createDatabase()
  await withStore(address, (store) => store.write(pooled(3000)))
  for (let round = 0; round < 4; round += 1) {
    const { child, lines, closed } = await start(childCommand('write-and-take', address))
    child.stdin?.write('go\n')
    while (child.exitCode === null && lines.length < 8) await sleep(2)
    await sleep(10 + Math.random() * 50)
    child.kill('SIGKILL')
    await closed
    await withStore(address, (store) => assertAcknowledged(store, lines))
    assert.ok(lines.length >= 8, 'enough was acknowledged to prove something')
  }
})

test('a crash of the server loses no write that was acknowledged', async () => {
  const server = await startPostgres()
  const address = await server.createDatabase()
  await withStore(address, (store) => store.write(pooled(200)))
  const { child, lines, closed } = await start(childCommand('write-and-take', address))
  child.stdin?.write('go\n')
  while (child.exitCode === null && lines.length < 60) await sleep(2)
  await server.crash()
  child.kill('SIGKILL')
  await closed
  await server.start()
  await withStore(address, (store) => assertAcknowledged(store, lines))
})

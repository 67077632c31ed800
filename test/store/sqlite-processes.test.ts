import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertAcknowledged, testProcesses, withStore } from './conformance-processes.ts'
import { makeFolder } from './folder.ts'
import { childCommand, pooled, start } from './processes.ts'

testProcesses(async () => join(makeFolder(), 'not', 'there', 'yet'))

test('killing a writer at any moment loses no write that was acknowledged, and brings back nothing taken', async () => {
  const folder = makeFolder()
  await withStore(folder, (store) => store.write(pooled(3000)))
  for (let round = 0; round < 6; round += 1) {
    const { child, lines, closed } = await start(childCommand('write-and-take', folder))
    child.stdin?.write('go\n')
    while (child.exitCode === null && lines.length < 8) await sleep(2)
    await sleep(10 + Math.random() * 50)
    child.kill('SIGKILL')
    await closed
    await withStore(folder, (store) => assertAcknowledged(store, lines))
    assert.ok(lines.length >= 8, 'enough was acknowledged to prove something')
  }
})

test('when the disk is full every write of the turn is refused, and after making room the store works', async () => {
  const limited = ['sh', '-c', 'ulimit -f 2000; exec "$@"', 'sh']
  const { child, lines, closed } = await start([
    ...limited,
    ...childCommand('fill-disk', makeFolder()),
  ])
  child.stdin?.write('go\n')
  await closed
  assert.deepEqual(lines, [
    'STORE_UNAVAILABLE',
    'STORE_UNAVAILABLE',
    'STORE_UNAVAILABLE',
    'of the turn that failed 0 are there',
    'after making room true',
  ])
})

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertAcknowledged, testProcesses } from './conformance-processes.ts'
import { childCommand, pooled, start } from './processes.ts'
import { hasRedis, newPrefix, openStore, sharedRedis, startRedis } from './redis-server.ts'

testProcesses(async (t) =>
  hasRedis(t) ? (await sharedRedis()).url(`/0?prefix=${newPrefix()}`) : undefined,
)

/** Lets a process write and take, and ends it or the server; then looks for what was acknowledged. */
async function crash(t: TestContext, whom: 'writer' | 'server'): Promise<void> {
  const server = await startRedis()
  const store = await openStore(t, server.url(), { mode: 'dev' })
  await store.write(pooled(2000))
  await store.close()
  for (let round = 0; round < 4; round += 1) {
    const { child, lines, closed } = await start(childCommand('write-and-take', server.url()))
    child.stdin?.write('go\n')
    while (child.exitCode === null && lines.length < 40) await sleep(2)
    await sleep(Math.random() * 50)
    if (whom === 'server') await server.kill()
    child.kill('SIGKILL')
    await closed
    if (whom === 'server') await server.start()
    const again = await openStore(t, server.url(), { mode: 'dev' })
    await assertAcknowledged(again, lines)
    assert.ok(lines.length >= 40, 'enough was acknowledged to prove something')
    await again.close()
  }
  await server.kill()
}

test('killing a writer at any moment loses no write that was acknowledged, and brings back nothing taken', async (t) => {
  if (hasRedis(t)) await crash(t, 'writer')
})

test('killing the server at any moment loses no write that was acknowledged, and brings back nothing taken', async (t) => {
  if (hasRedis(t)) await crash(t, 'server')
})

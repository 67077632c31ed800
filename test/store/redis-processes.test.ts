import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { put } from './opened.ts'
import { childCommand, pooled, runTogether, start } from './processes.ts'
import { hasRedis, newPrefix, openStore, sharedRedis, startRedis } from './redis-server.ts'

async function makeUrl(): Promise<string> {
  return (await sharedRedis()).url(`/0?prefix=${newPrefix()}`)
}

test('processes may make one store at the same moment', async (t) => {
  if (!hasRedis(t)) return
  const processes = await Promise.all([1, 2, 3].map(() => start(childCommand('open'))))
  for (let round = 1; round <= 4; round += 1) {
    const url = await makeUrl()
    for (const { child } of processes) child.stdin?.write(`${url}\n`)
    while (processes.some(({ child, lines }) => child.exitCode === null && lines.length < round))
      await sleep(2)
  }
  for (const { child } of processes) child.stdin?.end()
  for (const { closed, lines } of processes) {
    assert.deepEqual(await closed, [0, null])
    assert.deepEqual(new Set(lines), new Set(['opened 0']))
  }
})

test('processes that take from one pool never get the same record, and leave none', async (t) => {
  if (!hasRedis(t)) return
  const url = await makeUrl()
  await (await openStore(t, url, { mode: 'dev' })).write(pooled(400))
  const taken = await runTogether('take-all', url, 3)
  const all = taken.flat()
  assert.equal(all.length, 400)
  assert.equal(new Set(all).size, 400)
  assert.ok(taken.filter((names) => names.length > 0).length > 1, 'more than one took part')
})

test('of processes that put the same names new, one wins each', async (t) => {
  if (!hasRedis(t)) return
  const all = (await runTogether('put-new', await makeUrl(), 3)).flat()
  assert.equal(all.length, 200)
  assert.equal(new Set(all).size, 200)
})

test('of 600 counts by three processes exactly the 200 that the limit allows are counted', async (t) => {
  if (!hasRedis(t)) return
  const url = await makeUrl()
  const store = await openStore(t, url, { mode: 'dev' })
  await store.write([put('counted')])
  const counted = (await runTogether('count', url, 3)).flat().map(Number)
  assert.equal(
    counted.reduce((sum, count) => sum + count, 0),
    200,
  )
  const record = await store.get('card', 'counted')
  assert.deepEqual([record?.counts.issued, record?.value.length], [200, 0])
})

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
    const cards = new Set((await again.list('card')).map(({ name }) => name))
    const pool = new Set((await again.list('pool-key')).map(({ name }) => name))
    for (const line of lines) {
      const name = line.slice(1)
      if (line.startsWith('+')) assert.ok(cards.has(name), `lost: ${line}`)
      else assert.ok(!pool.has(name), `came back: ${line}`)
    }
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

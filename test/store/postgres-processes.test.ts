import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock-and-random.ts'
import { Secret } from '../../src/secret.ts'
import type { Store } from '../../src/store/contract.ts'
import { openPostgresStore } from '../../src/store/postgres.ts'
import { put } from './opened.ts'
import { sharedServer, startPostgres } from './postgres-server.ts'
import { childCommand, pooled, runTogether, start } from './processes.ts'

async function createDatabase(): Promise<string> {
  return (await sharedServer()).createDatabase()
}

async function withStore<T>(address: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openPostgresStore({
    address: new Secret(address),
    mode: 'dev',
    now: systemClock,
  })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

test('processes may migrate one empty database at the same moment', async () => {
  const processes = await Promise.all([1, 2, 3].map(() => start(childCommand('open'))))
  for (let round = 1; round <= 4; round += 1) {
    const address = await createDatabase()
    for (const { child } of processes) child.stdin?.write(`${address}\n`)
    while (processes.some(({ child, lines }) => child.exitCode === null && lines.length < round))
      await sleep(2)
  }
  for (const { child } of processes) child.stdin?.end()
  for (const { closed, lines } of processes) {
    assert.deepEqual(await closed, [0, null])
    assert.deepEqual(new Set(lines), new Set(['opened 0']))
  }
})

test('processes that take from one pool never get the same record, and leave none', async () => {
  const address = await createDatabase()
  await withStore(address, (store) => store.write(pooled(400)))
  const taken = await runTogether('take-all', address, 3)
  const all = taken.flat()
  assert.equal(all.length, 400)
  assert.equal(new Set(all).size, 400)
  assert.ok(taken.filter((names) => names.length > 0).length > 1, 'more than one took part')
})

test('of processes that put the same names new, one wins each', async () => {
  const address = await createDatabase()
  await withStore(address, async () => {})
  const won = await runTogether('put-new', address, 3)
  const all = won.flat()
  assert.equal(all.length, 200)
  assert.equal(new Set(all).size, 200)
})

test('of 600 counts by three processes exactly the 200 that the limit allows are counted', async () => {
  const address = await createDatabase()
  await withStore(address, (store) => store.write([put('counted')]))
  const counted = (await runTogether('count', address, 3)).flat().map(Number)
  assert.equal(
    counted.reduce((sum, count) => sum + count, 0),
    200,
  )
  const record = await withStore(address, (store) => store.get('card', 'counted'))
  assert.deepEqual([record?.counts.issued, record?.value.length], [200, 0])
})

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
    await withStore(address, async (store) => {
      const cards = new Set((await store.list('card')).map(({ name }) => name))
      const pool = new Set((await store.list('pool-key')).map(({ name }) => name))
      for (const line of lines) {
        const name = line.slice(1)
        if (line.startsWith('+')) assert.ok(cards.has(name), `lost: ${line}`)
        else assert.ok(!pool.has(name), `came back: ${line}`)
      }
    })
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
  await withStore(address, async (store) => {
    const cards = new Set((await store.list('card')).map(({ name }) => name))
    for (const line of lines) if (line.startsWith('+')) assert.ok(cards.has(line.slice(1)), line)
  })
})

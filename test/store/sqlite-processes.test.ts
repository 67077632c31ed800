import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../src/clock-and-random.ts'
import type { Store } from '../../src/store/contract.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { makeFolder } from './folder.ts'
import { childCommand, pooled, runTogether, start } from './processes.ts'

async function withStore<T>(folder: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = openSqliteStore({ folder, mode: 'dev', now: systemClock })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

test('processes that take from one pool never get the same record, and leave none', async () => {
  const folder = makeFolder()
  await withStore(folder, (store) => store.write(pooled(400)))
  const taken = await runTogether('take-all', folder, 3)
  const all = taken.flat()
  assert.equal(all.length, 400)
  assert.equal(new Set(all).size, 400)
  assert.ok(taken.filter((names) => names.length > 0).length > 1, 'more than one took part')
})

test('processes may make one data folder at the same moment', async () => {
  const processes = await Promise.all([1, 2, 3].map(() => start(childCommand('open'))))
  for (let round = 1; round <= 12; round += 1) {
    const folder = join(makeFolder(), 'not', 'there', 'yet')
    for (const { child } of processes) child.stdin?.write(`${folder}\n`)
    while (processes.some(({ child, lines }) => child.exitCode === null && lines.length < round))
      await sleep(2)
  }
  for (const { child } of processes) child.stdin?.end()
  for (const { closed, lines } of processes) {
    assert.deepEqual(await closed, [0, null])
    assert.deepEqual(new Set(lines), new Set(['opened 0']))
  }
})

test('of processes that put the same names new, one wins each', async () => {
  const folder = makeFolder()
  const won = await runTogether('put-new', folder, 3)
  const all = won.flat()
  assert.equal(all.length, 200)
  assert.equal(new Set(all).size, 200)
})

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
    await withStore(folder, async (store) => {
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

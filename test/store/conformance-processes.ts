import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '../../src/store/contract.ts'
import { put } from './opened.ts'
import { childCommand, openAt, pooled, runTogether, start } from './processes.ts'

/** Names a place where no store is yet, a folder or the address of a database; undefined when the test is skipped. */
export type MakePlace = (t: TestContext) => Promise<string | undefined>

/** Opens the store at a place for as long as a function uses it. */
export async function withStore<T>(place: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = await openAt(place)
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

/** Tests that an engine keeps the contract of a store when several processes use it at once. */
export function testProcesses(makePlace: MakePlace): void {
  const testAt = (name: string, run: (place: string, t: TestContext) => Promise<void>): void => {
    test(name, async (t) => {
      const place = await makePlace(t)
      if (place !== undefined) await run(place, t)
    })
  }
  testAt('processes may make one store at the same moment', (place, t) =>
    makeTogether(place, async () => (await makePlace(t)) ?? place),
  )
  testAt('processes that take from one pool never get the same record, and leave none', takeAll)
  testAt('of processes that put the same names new, one wins each', async (place) => {
    assertEach(await runTogether('put-new', place, 3), 200)
  })
  testAt(
    'of 600 counts by three processes exactly the 200 that the limit allows are counted',
    countTogether,
  )
}

async function makeTogether(first: string, nextPlace: () => Promise<string>): Promise<void> {
  const processes = await Promise.all([1, 2, 3].map(() => start(childCommand('open'))))
  for (let round = 1; round <= 12; round += 1) {
    const place = round === 1 ? first : await nextPlace()
    for (const { child } of processes) child.stdin?.write(`${place}\n`)
    while (processes.some(({ child, lines }) => child.exitCode === null && lines.length < round))
      await sleep(2)
  }
  for (const { child } of processes) child.stdin?.end()
  for (const { closed, lines } of processes) {
    assert.deepEqual(await closed, [0, null])
    assert.deepEqual(new Set(lines), new Set(['opened 0']))
  }
}

async function takeAll(place: string): Promise<void> {
  await withStore(place, (store) => store.write(pooled(400)))
  const taken = await runTogether('take-all', place, 3)
  assertEach(taken, 400)
  assert.ok(taken.filter((names) => names.length > 0).length > 1, 'more than one took part')
}

function assertEach(said: readonly string[][], count: number): void {
  const all = said.flat()
  assert.equal(all.length, count)
  assert.equal(new Set(all).size, count)
}

async function countTogether(place: string): Promise<void> {
  await withStore(place, (store) => store.write([put('counted')]))
  const counted = (await runTogether('count', place, 3)).flat().map(Number)
  assert.equal(
    counted.reduce((sum, count) => sum + count, 0),
    200,
  )
  const record = await withStore(place, (store) => store.get('card', 'counted'))
  assert.deepEqual([record?.counts.issued, record?.value.length], [200, 0])
}

/** Looks in a store for what a process has been told was written or taken: see `write-and-take` in child.ts. */
export async function assertAcknowledged(store: Store, lines: readonly string[]): Promise<void> {
  const cards = new Set((await store.list('card')).map(({ name }) => name))
  const pool = new Set((await store.list('pool-key')).map(({ name }) => name))
  for (const line of lines) {
    const name = line.slice(1)
    if (line.startsWith('+')) assert.ok(cards.has(name), `lost: ${line}`)
    else assert.ok(!pool.has(name), `came back: ${line}`)
  }
}

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../src/clock-and-random.ts'
import type { Store, Write } from '../../src/store/contract.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { makeFolder } from './folder.ts'

const CHILD = fileURLToPath(import.meta.resolve('./child.ts'))

interface Running {
  readonly child: ChildProcess
  /** What the child has said so far, without its "ready". */
  readonly lines: string[]
  /** Resolves to the exit code when everything that the child said is in `lines`. */
  readonly closed: Promise<unknown[]>
}

/** Starts a child and waits until it is about to open the store. */
async function start(command: readonly string[]): Promise<Running> {
  const [program = '', ...rest] = command
  const child = spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: string[] = []
  const reader = createInterface(child.stdout)
  const closed = once(child, 'close')
  await once(reader, 'line')
  reader.on('line', (line) => lines.push(line))
  return { child, lines, closed }
}

function childCommand(...words: readonly string[]): readonly string[] {
  return [process.execPath, CHILD, ...words]
}

/** Runs a job in several processes that open the folder at the same moment; gives what each of them said. */
async function runTogether(job: string, folder: string, count: number): Promise<string[][]> {
  const processes = await Promise.all(
    Array.from({ length: count }, () => start(childCommand(job, folder))),
  )
  for (const { child } of processes) child.stdin?.write('go\n')
  for (const { closed } of processes) assert.deepEqual(await closed, [0, null])
  return processes.map(({ lines }) => lines)
}

async function withStore<T>(folder: string, use: (store: Store) => Promise<T>): Promise<T> {
  const store = openSqliteStore({ folder, mode: 'dev', now: systemClock })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

function pooled(count: number): readonly Write[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `k${index}`
    return { op: 'put', kind: 'pool-key', name, expiresAt: undefined, value: Buffer.from('v') }
  })
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

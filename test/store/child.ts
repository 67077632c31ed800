import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from '../../src/errors.ts'
import type { Store, Write } from '../../src/store/contract.ts'
import { openAt } from './processes.ts'

// A process of its own: `child.ts JOB WHERE` says "ready", waits for a line, opens the store, does its job, and prints a
// line for each thing that the store acknowledged. `child.ts open` opens one store after the other. Where a store is, is a
// folder or the address of a database.

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function card(name: string, value = 'v'): Write {
  return { op: 'put-new', kind: 'card', name, expiresAt: undefined, value: Buffer.from(value) }
}

function outcomeOf(settled: PromiseSettledResult<unknown>): string {
  if (settled.status === 'fulfilled') return 'written'
  return settled.reason instanceof ServiceError ? settled.reason.code : String(settled.reason)
}

const JOBS: Readonly<Record<string, (store: Store) => Promise<void>>> = {
  /** Takes from the pool until it is empty. */
  async 'take-all'(store) {
    let taken = await store.take('pool-key', 3)
    while (taken.length > 0) {
      for (const { name } of taken) say(name)
      // SQLite's waiting is not fair: without a pause one process would take them all.
      await sleep(1)
      taken = await store.take('pool-key', 3)
    }
  },
  /** Puts the names 0 to 199 new, some of them in one turn, and prints those that were not refused. */
  async 'put-new'(store) {
    for (let first = 0; first < 200; first += 4) {
      const names = [0, 1, 2, 3].map((index) => String(first + index))
      const written = await Promise.all(names.map((name) => store.write([card(name)])))
      for (const [index, name] of names.entries()) if (written[index]) say(name)
    }
  },
  /** Counts one record as often as it may, many times in one turn; says how often it was counted. */
  async count(store) {
    const count: Write = { op: 'count', kind: 'card', name: 'counted', limits: { issued: 200 } }
    for (let turn = 0; turn < 4; turn += 1) {
      const counted = await Promise.all(Array.from({ length: 50 }, () => store.write([count])))
      say(String(counted.filter(Boolean).length))
    }
  },
  /** Counts two records in one turn, one way round or the other. */
  async 'count-both'(store) {
    const count = (name: string): Write => ({
      op: 'count',
      kind: 'card',
      name,
      limits: { opened: 1_000_000 },
    })
    const names = process.pid % 2 === 0 ? ['one', 'two'] : ['two', 'one']
    for (let turn = 0; turn < 200; turn += 1) {
      const counted = await Promise.all(names.map((name) => store.write([count(name)])))
      say(String(counted.filter(Boolean).length))
    }
  },
  /** Writes and takes without end: "+name" was written, "-name" was taken. */
  async 'write-and-take'(store) {
    for (let round = 0; ; round += 1) {
      const names = [0, 1, 2].map((index) => `${process.pid}-${round}-${index}`)
      const writing = names.map(async (name) => {
        if (await store.write([card(name)])) say(`+${name}`)
      })
      for (const { name } of await store.take('pool-key', 1)) say(`-${name}`)
      await Promise.all(writing)
    }
  },
  /** Writes until the disk is full, then purges, which empties the WAL, and writes again. */
  async 'fill-disk'(store) {
    const value = 'x'.repeat(20_000)
    for (let index = 0; index < 1000; index += 1) {
      const turn = [card(`a${index}`, value), card(`b${index}`), card(`c${index}`, value)]
      const settled = await Promise.allSettled(turn.map((write) => store.write([write])))
      if (settled.every(({ status }) => status === 'fulfilled')) continue
      for (const one of settled) say(outcomeOf(one))
      const left = await store.list('card')
      say(
        `of the turn that failed ${left.filter(({ name }) => name.endsWith(`${index}`)).length} are there`,
      )
      await store.purge()
      say(`after making room ${String(await store.write([card('again')]))}`)
      return
    }
  },
}

/** Opens a store for every line, which says where. */
async function openEach(): Promise<void> {
  for await (const where of createInterface(process.stdin)) {
    const store = await openAt(where)
    say(`opened ${(await store.list('card')).length}`)
    await store.close()
  }
}

async function doJob(job: string, where: string): Promise<void> {
  await once(process.stdin, 'data')
  process.stdin.on('end', () => process.exit())
  const store = await openAt(where)
  await JOBS[job]?.(store)
  await store.close()
  process.stdin.destroy()
}

const [job = '', where] = process.argv.slice(2)
say('ready')
await (where === undefined ? openEach() : doJob(job, where))

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SQLITE_FILES } from '../../src/store/sqlite-file.ts'
import { NO_PROC } from '../cli/serving.ts'
import { startPostgres } from '../store/postgres-server.ts'
import { hasRedis, startRedis } from '../store/redis-server.ts'
import { makeVault, type MadeVault } from '../vault.ts'
import { auditStore } from './audit.ts'
import { describeBook } from './book.ts'
import { startReplicas, type Replicas } from './replicas.ts'
import { openShop, TOKENS_PER_SESSION } from './shop.ts'
import { isSoak } from './soak.ts'

const ROUNDS = isSoak ? 16 : 4

/** A server that holds a store and can be killed. */
interface Database {
  readonly address: string
  crash(): Promise<void>
  start(): Promise<void>
}

interface Engine {
  readonly name: string
  /** Undefined when the engine is not installed. */
  start(t: TestContext): Promise<Database | undefined>
  readonly replicas: number
  /** What is killed, in turns. */
  readonly kills: readonly Kill[]
  /** Looks at the store once everything has ended. */
  inspect?(vault: MadeVault): void
}

type Kill = (replicas: Replicas, database: Database) => Promise<void>

/** A replica with everything that it has started. */
const killReplica: Kill = async (replicas) => {
  replicas.kill(0)
  await replicas.restart(0)
}

/** The primary alone, which leaves its worker behind for a moment. */
const killPrimary: Kill = async (replicas) => {
  replicas.kill(1, 'primary')
  await replicas.restart(1)
}

/** The worker alone, which its primary replaces. */
const killWorker: Kill = async (replicas) => {
  replicas.kill(0, 'worker')
  await sleep(800)
}

const killDatabase: Kill = async (_replicas, database) => {
  await database.crash()
  await sleep(100)
  await database.start()
}

const embedded: Database = {
  address: 'sqlite',
  crash: () => Promise.resolve(),
  start: () => Promise.resolve(),
}

const ENGINES: readonly Engine[] = [
  {
    name: 'SQLite',
    // Its database process is the service itself.
    start: () => Promise.resolve(embedded),
    replicas: 1,
    kills: [killReplica, killPrimary, killReplica, killWorker],
    inspect: assertIntact,
  },
  {
    name: 'PostgreSQL',
    start: async () => {
      const server = await startPostgres()
      return { ...server, address: await server.createDatabase() }
    },
    replicas: 2,
    kills: [killReplica, killDatabase, killPrimary, killDatabase],
  },
  {
    name: 'Redis',
    start: async (t) => {
      if (!hasRedis(t)) return undefined
      const server = await startRedis()
      return { address: server.url(), crash: server.kill, start: server.start }
    },
    replicas: 2,
    kills: [killReplica, killDatabase, killPrimary, killDatabase],
  },
]

for (const { name, start, replicas: count, kills, inspect } of ENGINES) {
  test(
    `on ${name}, kill -9 at any moment loses nothing that was acknowledged, and gives nothing twice`,
    { skip: NO_PROC },
    async (t) => {
      const database = await start(t)
      if (database === undefined) return
      const keys = isSoak ? 20_000 : 5000
      const merchant = { tokensPerSession: TOKENS_PER_SESSION }
      const vault = await makeVault(keys, merchant, database.address)
      const replicas = await startReplicas(t, { vault, count })
      const shop = await openShop({ vault, at: replicas.at })
      const over = new AbortController()
      t.after(() => over.abort())
      const load = shop.run(over.signal)
      for (let round = 0; round < ROUNDS; round += 1) {
        await shop.leaveOpen()
        await sleep(200 + Math.random() * 500)
        await kills[round % kills.length]?.(replicas, database)
        await shop.useLeftOpen()
      }
      over.abort()
      await load
      await shop.readBack()
      await auditStore(vault, shop.book)
      await replicas.stop()
      inspect?.(vault)
      t.diagnostic(`${name}, ${ROUNDS} kills: ${describeBook(shop.book)}`)
      assert.ok(shop.book.tokens.size > 100, 'enough to prove something')
    },
  )
}

/** The files open again, and nothing in them has to be repaired. */
function assertIntact({ data }: MadeVault): void {
  for (const file of Object.values(SQLITE_FILES)) {
    const db = new DatabaseSync(join(data, file), { readOnly: true })
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' })
    db.close()
  }
}

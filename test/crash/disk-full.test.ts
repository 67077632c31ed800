import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { workersOf } from '../cli/serving.ts'
import { makeFolder, until, waitForOutput } from '../process.ts'
import { makeVault } from '../vault.ts'
import { auditStore } from './audit.ts'
import { describeBook, type Book } from './book.ts'
import { startReplicas } from './replicas.ts'
import { openShop, TOKENS_PER_SESSION } from './shop.ts'

const DISK_SIZE = '16m'

/** Mounts a small disk; undefined, and the test is skipped, where that is not permitted. */
function mountDisk(t: TestContext): string | undefined {
  const folder = makeFolder()
  const options = ['-t', 'tmpfs', '-o', `size=${DISK_SIZE},mode=0700`, 'tmpfs', folder]
  if (spawnSync('mount', options).status !== 0) {
    t.skip('a small disk cannot be mounted by this user')
    return undefined
  }
  // A process that still has files open there does not keep it.
  t.after(() => spawnSync('umount', ['--lazy', folder]))
  return folder
}

/** Fills a disk to its last byte; returns how it is emptied again. */
function fillDisk(folder: string): () => void {
  const ballast = join(folder, 'ballast')
  for (let bytes = 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    while (hasRoom(ballast, bytes)) continue
  }
  return () => rmSync(ballast)
}

function hasRoom(path: string, bytes: number): boolean {
  try {
    appendFileSync(path, Buffer.alloc(bytes))
    return true
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && error.code === 'ENOSPC', String(error))
    return false
  }
}

const refusalsOf = ({ outcomes }: Book): number => outcomes.get('SERVICE_UNAVAILABLE') ?? 0

test('with its disk full, serve answers 503 and lives; with room again it goes on, and nothing acknowledged is lost', async (t) => {
  const disk = mountDisk(t)
  if (disk === undefined) return
  const made = await makeVault(2000, { tokensPerSession: TOKENS_PER_SESSION })
  cpSync(made.data, disk, { recursive: true })
  const vault = { ...made, data: disk }
  const replicas = await startReplicas(t, { vault, count: 1 })
  const serving = replicas.get(0)
  const workers = workersOf(serving.pid)
  const shop = await openShop({ vault, at: replicas.at })
  const over = new AbortController()
  t.after(() => over.abort())
  const load = shop.run(over.signal)
  await shop.leaveOpen()
  await sleep(300)
  const makeRoom = fillDisk(disk)
  await until(() => refusalsOf(shop.book) >= 10, serving)
  const [line] = await waitForOutput(serving, /^.*"code":"STORE_UNAVAILABLE".*$/m)
  assert.match(line, /database or disk is full|disk I\/O error/)
  makeRoom()
  await shop.useLeftOpen()
  await sleep(300)
  over.abort()
  await load
  assert.deepEqual(workersOf(serving.pid), workers, 'nothing had to be started again')
  await shop.readBack()
  await auditStore(vault, shop.book)
  await replicas.stop()
  t.diagnostic(describeBook(shop.book))
})

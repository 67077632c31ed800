import { availableParallelism } from 'node:os'
import { epochSeconds, systemClock, systemRandom } from '../src/clock-and-random.ts'
import { sealForPool, type PoolKind } from '../src/keys/mint-order.ts'
import { readRootKeyFile } from '../src/keys/root-key.ts'
import { loadSealer, poolSealer } from '../src/keys/sealing-keys.ts'
import { SITE } from '../src/service.ts'
import type { Write } from '../src/store/contract.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import { startHelper } from './helper.ts'
import type { Minted, MintQuestion } from './processes/mint.ts'
import type { VaultFolder } from './vault.ts'

/** Key pairs that were minted for this run, and what minting cost. */
export interface KeyStock {
  readonly materials: readonly Buffer[]
  /** CPU milliseconds, mean: single keys differ by a factor of ten. */
  readonly millisecondsPerKey: number
}

/** Mints key pairs on all cores. */
export async function mintKeys(count: number): Promise<KeyStock> {
  const cores = availableParallelism()
  const minted = await Promise.all(
    Array.from({ length: cores }, async () => {
      const file = new URL('processes/mint.ts', import.meta.url)
      const helper = startHelper<MintQuestion, Minted>(file)
      const answer = await helper.ask({ count: Math.ceil(count / cores) })
      helper.stop()
      return answer
    }),
  )
  const materials = minted.flatMap((answer) => answer.materials.map((bytes) => Buffer.from(bytes)))
  const cpuMicroseconds = minted.reduce((sum, answer) => sum + answer.cpuMicroseconds, 0)
  return { materials, millisecondsPerKey: cpuMicroseconds / 1000 / materials.length }
}

/** Fills the pools of one vault. */
export interface Pools {
  /**
   * Adds keys until a pool has at least so many. A key pair is pooled many times, each time under a kid of its own and
   * sealed afresh: to the service these are different keys, and minting them all would take minutes.
   */
  fill(kind: PoolKind, least: number): Promise<void>
  close(): Promise<void>
}

/** Opens the pools of a vault, from beside its server. */
export async function openPools(
  { data, rootKeyFile }: VaultFolder,
  stock: KeyStock,
): Promise<Pools> {
  const store = openSqliteStore({ folder: data, mode: 'serve', now: systemClock })
  const sealer = poolSealer(await loadSealer(store, readRootKeyFile(rootKeyFile), systemRandom))
  let pooled = 0

  function nextWrite(kind: PoolKind): Write {
    const content = stock.materials[(pooled += 1) % stock.materials.length] ?? Buffer.alloc(0)
    const { kid, expiresAt, sealed } = sealForPool(
      { kind, site: SITE.digits, content },
      {
        sealingKey: sealer.active,
        randomBytes: (count) => sealer.randomBytes(count),
        seconds: epochSeconds(systemClock),
      },
    )
    return { op: 'put-new', kind, name: kid, expiresAt, value: Buffer.from(sealed) }
  }

  async function fill(kind: PoolKind, least: number): Promise<void> {
    const { count } = await store.depth(kind)
    const missing = Math.max(0, least - count)
    await store.write(Array.from({ length: missing }, () => nextWrite(kind)))
  }

  return { fill, close: () => store.close() }
}

import { fork, type ChildProcess } from 'node:child_process'
import { extname } from 'node:path'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import { repeat } from '../repeat.ts'
import type { Depth, Store, Write } from '../store/contract.ts'
import type { Sealer } from '../store/sealed-records.ts'
import { POOL_SECONDS, type MintedKey, type MintOrder, type PoolKind } from './mint-order.ts'
import { createOutage, type Outage } from './outage.ts'
import { exportPoolKey } from './sealing-keys.ts'

const LOOK_EVERY_MILLISECONDS = 200

// Only idle cycles fill the pool of one-time keys; a rotated key that is due must not starve behind the load.
const POOLS = [
  { kind: 'pool-key', niceness: 19 },
  { kind: 'rotated-pool-key', niceness: 0 },
] as const

interface MintingNeeds {
  readonly store: Pick<Store, 'depth' | 'write'>
  readonly sealer: Sealer
  readonly now: Now
  /** Two digits. */
  readonly site: string
  /** How many keys each pool should hold. */
  readonly targets: Readonly<Record<PoolKind, number>>
  /** Told when the minting process fails, or the store begins to; minting goes on by itself. */
  onFault(error: unknown): void
  /** Told when the store works again. Default tells nobody. */
  onRecovery?(): void
}

/** What is known of a pool. */
export interface PoolDepth {
  readonly depth: number
  readonly target: number
  /** Age of the oldest key in seconds; 0 when there is none. */
  readonly oldestSeconds: number
}

/** Keeps the pools of session keys full. */
export interface Minting {
  /** What was seen at the last look. */
  status(): Readonly<Record<PoolKind, PoolDepth>>
  stop(): Promise<void>
}

/** Starts to keep the pools full, by helper processes that mint and hand over sealed keys. One of these a store. */
export function startMinting(needs: MintingNeeds): Minting {
  const helpers = new Map<PoolKind, ChildProcess>()
  const sealingWith = new Map<ChildProcess, string>()
  const seen = new Map<PoolKind, Depth>()
  // Two: a full disk can be read.
  const [reading, storing] = [watchOutage(needs), watchOutage(needs)]
  let writing: Promise<unknown> = Promise.resolve()
  const stopLooking = repeat(look, LOOK_EVERY_MILLISECONDS)

  async function look(): Promise<void> {
    endOutdated()
    await reading.attempt(async () => {
      for (const { kind, niceness } of POOLS) {
        const depth = await needs.store.depth(kind)
        seen.set(kind, depth)
        const missing = needs.targets[kind] - depth.count
        if (missing > needs.targets[kind] / 4 && !helpers.has(kind)) order(kind, missing, niceness)
      }
    })
  }

  /** Ends helpers that seal with a key that was replaced: the next order has the new one. */
  function endOutdated(): void {
    for (const helper of helpers.values()) {
      if (sealingWith.get(helper) !== needs.sealer.active.id) helper.kill()
    }
  }

  function order(kind: PoolKind, count: number, niceness: number): void {
    const helper = forkHelper()
    helpers.set(kind, helper)
    helper.on('message', (key: MintedKey) => {
      writing = storing.attempt(() => needs.store.write([poolWrite(kind, key)]))
    })
    const forget = (): void => {
      if (helpers.get(kind) === helper) helpers.delete(kind)
      sealingWith.delete(helper)
    }
    helper.on('error', (error) => {
      // One that could not be started does not exit.
      forget()
      helper.kill()
      needs.onFault(error)
    })
    helper.on('exit', (code) => {
      forget()
      if (code !== 0 && code !== null) needs.onFault(new Error(`minting ended with code ${code}`))
    })
    const { id, bytes } = exportPoolKey(needs.sealer)
    sealingWith.set(helper, id)
    const { site } = needs
    const message: MintOrder = { kind, count, niceness, site, sealingKeyId: id, sealingKey: bytes }
    helper.send(message, () => bytes.fill(0))
  }

  async function stop(): Promise<void> {
    await stopLooking()
    await Promise.all([...helpers.values()].map(endHelper))
    await writing
  }

  return { status: () => statusOf(seen, needs), stop }
}

function watchOutage({ onFault, onRecovery }: MintingNeeds): Outage {
  return createOutage(onFault, () => onRecovery?.())
}

/** Ends a helper; resolves when it hands over nothing more. */
function endHelper(helper: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    helper.once('close', () => resolve())
    helper.kill()
  })
}

function forkHelper(): ChildProcess {
  // In a clone the files are .ts, in the published package .js.
  const file = new URL(`./mint-session-keys${extname(import.meta.url)}`, import.meta.url)
  return fork(file, [], {
    serialization: 'advanced',
    // It makes private keys: no signal may open a debugger in it.
    execArgv: ['--disable-sigusr1'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

function poolWrite(kind: PoolKind, { kid, expiresAt, sealed }: MintedKey): Write {
  return { op: 'put-new', kind, name: kid, expiresAt, value: Buffer.from(sealed) }
}

function statusOf(
  seen: ReadonlyMap<PoolKind, Depth>,
  { now, targets }: Pick<MintingNeeds, 'now' | 'targets'>,
): Readonly<Record<PoolKind, PoolDepth>> {
  const show = (kind: PoolKind): PoolDepth => {
    const { count, earliestExpiry } = seen.get(kind) ?? { count: 0, earliestExpiry: undefined }
    const mintedAt = (earliestExpiry ?? 0) - POOL_SECONDS
    const oldestSeconds =
      earliestExpiry === undefined ? 0 : Math.max(0, epochSeconds(now) - mintedAt)
    return { depth: count, target: targets[kind], oldestSeconds }
  }
  return { 'pool-key': show('pool-key'), 'rotated-pool-key': show('rotated-pool-key') }
}

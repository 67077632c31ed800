import { epochSeconds, type Now } from '../clock-and-random.ts'
import type { ClaimedKey } from './claim-keys.ts'
import { createFairShare } from './fair-share.ts'
import { createWaitingRoom, type WaitingPolicy } from './waiting-room.ts'

/** How the pool of one process behaves. */
export interface PoolPolicy extends WaitingPolicy {
  /** How many keys one claim asks for. */
  readonly batch: number
  /** Keys kept back, when keys are scarce, for merchants that have not had their share. */
  readonly reserve: number
  /** How soon an empty pool is asked again while sessions wait. */
  readonly retryMilliseconds: number
}

interface PoolNeeds {
  /** Claims up to `limit` keys, durably; see {@link claimKeys}. */
  claim(limit: number): Promise<readonly ClaimedKey[]>
  /** Tells whether the private half of a claimed key cannot be opened any more. Default is that none is lost. */
  isLost?(key: ClaimedKey): boolean
  readonly now: Now
}

/** What a process shows of its pool. */
export interface PoolStatus {
  /** Claimed keys at hand. */
  readonly ready: number
  /** Sessions that wait for a key. */
  readonly waiting: number
}

/** The claimed session keys of one process. */
export interface SessionKeyPool {
  /**
   * Takes a key for a merchant's session; each is given once.
   *
   * Waits while the pool is empty; when keys are scarce each waiting merchant gets its fair share, in turns.
   *
   * @throws ServiceError `KEY_POOL_EMPTY` when none came in time, `RATE_LIMITED` when too many sessions of this merchant wait.
   */
  next(merchantId: string): Promise<ClaimedKey>
  /** Claims the first batch, so that the first session does not wait for it. */
  fill(): Promise<void>
  status(): PoolStatus
}

/** Makes the pool of one process. */
export function createSessionKeyPool(needs: PoolNeeds, policy: PoolPolicy): SessionKeyPool {
  const ready: ClaimedKey[] = []
  const share = createFairShare()
  const room = createWaitingRoom<ClaimedKey>(policy)
  let claiming: Promise<void> | undefined
  const retry = createRetry(policy.retryMilliseconds, () => void refill())

  function mayTake(merchantId: string): boolean {
    dropStale(ready, needs)
    return ready.length > policy.reserve || (ready.length > 0 && !share.isOver(merchantId))
  }

  function give(merchantId: string): ClaimedKey | undefined {
    const key = ready.shift()
    if (key !== undefined) share.note(merchantId)
    return key
  }

  function serveWaiting(): void {
    let waiting = room.nextInTurn(mayTake)
    while (waiting !== undefined) {
      const key = give(waiting.merchantId)
      if (key === undefined) return
      waiting.serve(key)
      waiting = room.nextInTurn(mayTake)
    }
  }

  async function claimBatch(): Promise<void> {
    let isPoolEmpty = false
    try {
      const keys = await needs.claim(policy.batch)
      isPoolEmpty = keys.length < policy.batch
      ready.push(...keys)
    } catch (error) {
      room.refuseAll(error)
    } finally {
      claiming = undefined
    }
    serveWaiting()
    if (room.size() === 0) return
    if (!isPoolEmpty) void refill()
    if (claiming === undefined) retry.begin()
  }

  function refill(): Promise<void> {
    if (ready.length <= policy.batch / 2) claiming ??= claimBatch()
    return claiming ?? Promise.resolve()
  }

  async function next(merchantId: string): Promise<ClaimedKey> {
    const key = mayTake(merchantId) ? give(merchantId) : undefined
    if (!retry.isDue()) void refill()
    return key ?? room.wait(merchantId)
  }

  return {
    next,
    fill: refill,
    status: () => ({ ready: ready.length, waiting: room.size() }),
  }
}

function dropStale(ready: ClaimedKey[], { now, isLost }: PoolNeeds): void {
  const seconds = epochSeconds(now)
  const isStale = (key: ClaimedKey): boolean => key.issueUntil <= seconds || isLost?.(key) === true
  while (ready[0] !== undefined && isStale(ready[0])) ready.shift()
}

interface Retry {
  isDue(): boolean
  begin(): void
}

/** Makes what runs something after a while: once, however often it is begun meanwhile. */
function createRetry(milliseconds: number, run: () => void): Retry {
  let timer: NodeJS.Timeout | undefined
  const end = (): void => {
    timer = undefined
    run()
  }
  return {
    isDue: () => timer !== undefined,
    begin: () => void (timer ??= setTimeout(end, milliseconds)),
  }
}

import { ServiceError } from '../errors.ts'

/** How long, and how many, sessions may wait for a key. */
export interface WaitingPolicy {
  readonly waitMilliseconds: number
  /** How many may wait in all. */
  readonly waiters: number
  readonly waitersPerMerchant: number
}

interface Waiter<Served> {
  readonly resolve: (served: Served) => void
  readonly reject: (error: unknown) => void
  readonly timer: NodeJS.Timeout
}

/** Whose turn it is. */
export interface Turn<Served> {
  readonly merchantId: string
  serve(served: Served): void
}

/** Sessions that wait, one queue a merchant, served in turns. */
export interface WaitingRoom<Served> {
  /** Waits to be served. Rejects at once when the room or the merchant's queue is full, later when the time is up. */
  wait(merchantId: string): Promise<Served>
  /** Removes the next waiter whose merchant `mayTake`; undefined when there is none. */
  nextInTurn(mayTake: (merchantId: string) => boolean): Turn<Served> | undefined
  /** Sends everybody away. */
  refuseAll(error: unknown): void
  size(): number
}

/** Makes an empty waiting room. */
export function createWaitingRoom<Served>(policy: WaitingPolicy): WaitingRoom<Served> {
  const queues = new Map<string, Set<Waiter<Served>>>()
  let waiting = 0

  function leave(merchantId: string, waiter: Waiter<Served>): void {
    const queue = queues.get(merchantId)
    if (queue?.delete(waiter) !== true) return
    waiting -= 1
    clearTimeout(waiter.timer)
    if (queue.size === 0) queues.delete(merchantId)
  }

  function wait(merchantId: string): Promise<Served> {
    const queue = queues.get(merchantId) ?? new Set()
    if (queue.size >= policy.waitersPerMerchant) {
      return Promise.reject(new ServiceError('RATE_LIMITED', { retryAfterSeconds: 1 }))
    }
    if (waiting >= policy.waiters) return Promise.reject(poolEmpty())
    queues.set(merchantId, queue)
    waiting += 1
    return new Promise((resolve, reject) => {
      const timeUp = (): void => {
        leave(merchantId, waiter)
        reject(poolEmpty())
      }
      const waiter = { resolve, reject, timer: setTimeout(timeUp, policy.waitMilliseconds) }
      queue.add(waiter)
    })
  }

  function nextInTurn(mayTake: (merchantId: string) => boolean): Turn<Served> | undefined {
    for (const [merchantId, queue] of queues) {
      const [waiter] = queue
      if (waiter === undefined || !mayTake(merchantId)) continue
      leave(merchantId, waiter)
      // To the end of the line: the next turn is another merchant's.
      if (queues.delete(merchantId)) queues.set(merchantId, queue)
      return { merchantId, serve: waiter.resolve }
    }
    return undefined
  }

  function refuseAll(error: unknown): void {
    for (const [merchantId, queue] of queues) {
      for (const waiter of queue) {
        leave(merchantId, waiter)
        waiter.reject(error)
      }
    }
  }

  return { wait, nextInTurn, refuseAll, size: () => waiting }
}

/** The refusal of a session for which no key came in time. */
export function poolEmpty(): ServiceError {
  return new ServiceError('KEY_POOL_EMPTY', { retryAfterSeconds: 2 })
}

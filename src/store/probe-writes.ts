import { setTimeout as sleep } from 'node:timers/promises'
import { epochSeconds, type Now } from '../clock-and-random.ts'
import type { Store } from './contract.ts'

const KEPT_SECONDS = 60
const GOOD_FOR_MILLISECONDS = 1000

/** Tells whether a store takes writes, as far as it was seen within the last second. */
export type WriteProbe = () => Promise<boolean>

/** Writes a passing record that nobody reads, durably. Rejects as the store does. */
export async function probeWrite(store: Pick<Store, 'write'>, now: Now): Promise<void> {
  const expiresAt = epochSeconds(now) + KEPT_SECONDS
  const value = Buffer.alloc(0)
  await store.write([{ op: 'put', kind: 'probe', name: 'written', expiresAt, value }])
}

/** Makes what tells whether a store takes writes. It writes once a second at most, however often it is asked. */
export function createWriteProbe(store: Pick<Store, 'write'>, now: Now): WriteProbe {
  let seen: Promise<boolean> | undefined

  async function forgetLater(probed: Promise<boolean>): Promise<void> {
    await probed
    await sleep(GOOD_FOR_MILLISECONDS, undefined, { ref: false })
    seen = undefined
  }

  return function takesWrites(): Promise<boolean> {
    if (seen !== undefined) return seen
    seen = probeWrite(store, now).then(
      () => true,
      () => false,
    )
    void forgetLater(seen)
    return seen
  }
}

import { OperatorError } from '../errors.ts'
import type { SealingKey } from '../jose/seal.ts'
import { parseShare, type Share, type ShareSet } from './root-key-share.ts'
import { joinShares } from './split-root-key.ts'

/** A share that was taken. */
export interface Taken {
  readonly number: number
  /** How many there are. */
  readonly shares: number
  /** How many more are needed. */
  readonly missing: number
  /** The root key, once none is missing. */
  readonly root: SealingKey | undefined
}

/** Collects the shares of one root key. */
export interface ShareCollector {
  /** How many more are needed. */
  missing(): number
  /**
   * Takes the text of a share. Those that were taken before stay, unless all together join to a wrong key.
   *
   * @throws OperatorError when it is no share, is mistyped, of another root key or there already, or joins to a wrong key.
   */
  take(text: string): Promise<Taken>
}

interface CollectNeeds {
  /** Reads how the root key is split now; rejects when it is not any more. */
  readSet(): Promise<ShareSet>
  /** Tells whether a joined key is the root key of the store. */
  opensStore(root: SealingKey): Promise<boolean>
}

/**
 * Makes a collector.
 *
 * @param first - how the root key is split at this time.
 */
export function createShareCollector(
  first: ShareSet,
  { readSet, opensStore }: CollectNeeds,
): ShareCollector {
  let set = first
  const taken = new Map<number, Share>()
  let taking: Promise<unknown> = Promise.resolve()

  const missing = (): number => set.threshold - taken.size

  async function takeNext(text: string): Promise<Taken> {
    const share = parseShare(text)
    const { number } = share
    await followSet()
    refuseForeign(share, set, taken.size)
    refuseDuplicate(share, taken)
    taken.set(number, share)
    const { shares } = set
    if (missing() > 0) return { number, shares, missing: missing(), root: undefined }
    const root = await join(number)
    if (root !== undefined) return { number, shares, missing: 0, root }
    taken.clear()
    throw new OperatorError(
      'The shares do not join to the root key of this store: one of them is forged, or the store was changed.',
      `All were forgotten: give ${set.threshold} of them anew.`,
    )
  }

  // Whoever replaced the root key meanwhile has shares of the new one, and those of the old one open nothing.
  async function followSet(): Promise<void> {
    const current = await readSet()
    if (current.check !== set.check) taken.clear()
    set = current
  }

  async function join(last: number): Promise<SealingKey | undefined> {
    try {
      const root = await joinShares([...taken.values()])
      return root !== undefined && (await opensStore(root)) ? root : undefined
    } catch (error) {
      // Whether it is right could not be found out.
      taken.delete(last)
      throw error
    }
  }

  return {
    missing,
    take(text) {
      const next = taking.then(() => takeNext(text))
      taking = next.catch(() => undefined)
      return next
    },
  }
}

function refuseForeign(share: Share, wanted: ShareSet, taken: number): void {
  const { check, shares, threshold } = wanted
  const { set } = share
  if (set.check === check && set.shares === shares && set.threshold === threshold) return
  throw new OperatorError(
    'That share is of another root key than that of this store.',
    `Give one that says ${check}; ${taken === 0 ? 'none was taken yet' : 'those that were taken stay'}.`,
  )
}

function refuseDuplicate({ number, set }: Share, taken: ReadonlyMap<number, Share>): void {
  if (!taken.has(number)) return
  throw new OperatorError(
    `Share ${number} of ${set.shares} was given already.`,
    'Give another one; those that were taken stay.',
  )
}

import { epochSeconds, type Now, type Random } from '../clock-and-random.ts'
import type { Store, Write } from '../store/contract.ts'
import { sealedWrite, type Sealer } from '../store/sealed-records.ts'
import {
  encodeReleaseEntry,
  hashReleaseEntry,
  releaseEntryName,
  type Release,
  type ReleaseEntry,
} from './release-entry.ts'
import type { ChainHead } from './signed-head.ts'

interface ReleaseTrailNeeds {
  readonly store: Pick<Store, 'write'>
  readonly sealer: Sealer
  readonly now: Now
  readonly random: Pick<Random, 'uuid'>
  /** Told of every entry that was written. */
  note(head: ChainHead): void
}

/** An entry that is in the trail, and its hash. */
export interface AppendedEntry {
  readonly entry: ReleaseEntry
  /** Of the chain as it stands now: who has it finds out when the entry is changed, or cut off. */
  readonly hash: string
}

/** The durable trail of releases. */
export interface ReleaseTrail {
  /**
   * Writes what a release changes and its entry, in one batch. Resolves to undefined, with nothing written, when a guard
   * among the writes was refused. Nothing may be released unless it resolves to an entry.
   *
   * @param writes - of the lifetime of cards.
   * @throws ServiceError `STORE_UNAVAILABLE`.
   */
  append(release: Release, writes: readonly Write[]): Promise<AppendedEntry | undefined>
}

/**
 * Makes the trail of this process: a chain of its own, each entry with the hash of the one before it. Entries are written
 * one after the other. After a write whose outcome is not known a new chain begins, so that none ever has a gap.
 */
export function createReleaseTrail({
  store,
  sealer,
  now,
  random,
  note,
}: ReleaseTrailNeeds): ReleaseTrail {
  const beginChain = (): ChainHead => ({ chain: random.uuid(), sequence: 0, hash: '' })
  let head = beginChain()
  let last: Promise<unknown> = Promise.resolve()

  async function appendNow(
    release: Release,
    writes: readonly Write[],
  ): Promise<AppendedEntry | undefined> {
    const { chain, sequence: before, hash: previous } = head
    const sequence = before + 1
    const entry = { ...release, chain, sequence, previous, at: epochSeconds(now) }
    const content = encodeReleaseEntry(entry)
    const name = releaseEntryName(chain, sequence)
    const { merchantId: owner } = release
    const record = { kind: 'release', name, owner, expiresAt: undefined, content } as const
    const batch = [...writes, sealedWrite('put-new', record, sealer)]
    const isWritten = await store.write(batch).catch((error: unknown) => {
      head = beginChain()
      throw error
    })
    if (!isWritten) return undefined
    const hash = hashReleaseEntry(content)
    head = { chain, sequence, hash }
    note(head)
    return { entry, hash }
  }

  return {
    append(release, writes) {
      const appended = last.then(() => appendNow(release, writes))
      last = appended.catch(() => undefined)
      return appended
    },
  }
}

import type { Store, StoredRecord } from '../store/contract.ts'
import { openRecord, type Sealer } from '../store/sealed-records.ts'
import {
  decodeReleaseEntry,
  hashReleaseEntry,
  releaseEntryName,
  type ReleaseEntry,
} from './release-entry.ts'
import { isGenuine, type ChainHead, type SignedHead, type VerifyHead } from './signed-head.ts'

/** An entry as it is stored; undefined when its record does not open. */
export interface FoundEntry {
  readonly name: string
  readonly entry: ReleaseEntry | undefined
  /** Empty when it does not open. */
  readonly hash: string
}

/** Something that is wrong with a chain. */
export interface ChainFault {
  /** The name of the entry's record, or of its chain. */
  readonly name: string
  readonly problem: string
}

/** What is known of all chains. */
export interface ReleaseReport {
  readonly entries: number
  readonly heads: readonly ChainHead[]
  /** How many entries stand after the last head of their chain that was signed. */
  readonly unsigned: number
  /** Empty when every chain is whole. */
  readonly faults: readonly ChainFault[]
}

/** Reads every entry, by chain and in order. */
export async function readReleases(
  store: Pick<Store, 'list'>,
  sealer: Sealer,
): Promise<readonly FoundEntry[]> {
  const records = await store.list('release')
  return records
    .map((record) => openEntry(record, sealer))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function openEntry(record: StoredRecord, sealer: Sealer): FoundEntry {
  const { name } = record
  try {
    const { content } = openRecord(record, { kind: 'release', name }, sealer)
    return { name, entry: decodeReleaseEntry(content), hash: hashReleaseEntry(content) }
  } catch {
    return { name, entry: undefined, hash: '' }
  }
}

/**
 * Checks that every chain begins at 1, has no gap, and that each entry names the one before it.
 *
 * What is cut off the end of a chain leaves no trace in it: heads that were signed, and those that the log has, find that
 * out.
 *
 * @param known - heads that must be in the chains. Default is none.
 * @param verify - tells whether those among them that are signed are genuine.
 */
export function verifyReleases(
  found: readonly FoundEntry[],
  known: readonly (ChainHead | SignedHead)[] = [],
  verify: VerifyHead = () => false,
): ReleaseReport {
  const heads = new Map<string, ChainHead>()
  const faults: ChainFault[] = []
  for (const each of found) {
    const { name, entry, hash } = each
    const before = heads.get(chainOf(name))
    const problem = faultOf(each, before)
    if (problem !== undefined) faults.push({ name, problem })
    const sequence = entry?.sequence ?? (before?.sequence ?? 0) + 1
    heads.set(chainOf(name), { chain: chainOf(name), sequence, hash })
  }
  const hashes = new Map(found.map(({ name, hash }) => [name, hash]))
  const signedUpTo = new Map<string, number>()
  for (const head of known) {
    const { chain, sequence, hash } = head
    const isSigned = 'signature' in head
    if (isSigned && !isGenuine(head, verify)) {
      faults.push({ name: chain, problem: 'has a head that no audit key of this store has signed' })
      continue
    }
    const name = releaseEntryName(chain, sequence)
    if (hashes.get(name) !== hash) {
      const problem = hashes.has(name) ? 'is not the one of that head' : 'is missing'
      faults.push({ name, problem: isSigned ? problem + describeSigning(head) : problem })
    } else if (isSigned) {
      signedUpTo.set(chain, Math.max(sequence, signedUpTo.get(chain) ?? 0))
    }
  }
  const isUnsigned = ({ name, entry }: FoundEntry): boolean =>
    (entry?.sequence ?? 0) > (signedUpTo.get(chainOf(name)) ?? 0)
  const unsigned = found.filter(isUnsigned).length
  return { entries: found.length, heads: [...heads.values()], unsigned, faults }
}

function describeSigning({ at, kid }: SignedHead): string {
  return `, though audit key ${kid} signed the chain up to it on ${new Date(at * 1000).toISOString()}`
}

function faultOf({ name, entry }: FoundEntry, before: ChainHead | undefined): string | undefined {
  if (entry === undefined) return 'does not open: it was changed or moved'
  const { chain, sequence, previous } = entry
  if (name !== releaseEntryName(chain, sequence)) return 'is stored under the name of another'
  if (sequence !== (before?.sequence ?? 0) + 1) return 'does not follow the one before it'
  return previous === (before?.hash ?? '') ? undefined : 'does not name the one before it'
}

function chainOf(name: string): string {
  const cut = name.lastIndexOf('.')
  return cut < 0 ? name : name.slice(0, cut)
}

import { epochSeconds, type Now } from '../clock-and-random.ts'
import {
  COUNTERS,
  KINDS,
  type Depth,
  type Kind,
  type Store,
  type StoredRecord,
  type Write,
} from './contract.ts'

const NO_COUNTS = { issued: 0, opened: 0, failed: 0 } as const

/** A record and its age: the oldest has the lowest number, also after a refused batch was undone. */
interface Entry {
  readonly id: number
  readonly record: StoredRecord
}

/** Keeps everything in this process's memory: for tests and `coatcheck dev --ephemeral`. Nothing survives it. */
export function createMemoryStore(now: Now): Store {
  const kinds = new Map<Kind, Map<string, Entry>>()
  const entriesOf = (kind: Kind): Map<string, Entry> => {
    const entries = kinds.get(kind) ?? new Map<string, Entry>()
    kinds.set(kind, entries)
    return entries
  }
  const isLive = ({ record: { expiresAt } }: Entry): boolean =>
    expiresAt === undefined || expiresAt > epochSeconds(now)
  const find = (kind: Kind, name: string): Entry | undefined => {
    const entry = entriesOf(kind).get(name)
    return entry !== undefined && isLive(entry) ? entry : undefined
  }
  const liveEntries = (kind: Kind): Entry[] =>
    [...entriesOf(kind).values()].filter(isLive).toSorted((a, b) => a.id - b.id)
  const live = (kind: Kind): StoredRecord[] => liveEntries(kind).map(({ record }) => record)
  const applyAll = createApplyAll(entriesOf, find)

  return {
    get: async (kind, name) => {
      const entry = find(kind, name)
      return entry === undefined ? undefined : copyOf(entry.record)
    },
    list: async (kind) => live(kind).map(copyOf),
    depth: async (kind) => depthOf(live(kind)),
    write: async (batch) => {
      assertOneLifetime(batch)
      return applyAll(batch)
    },
    take: async (kind, limit) => {
      const taken = live(kind).slice(0, limit)
      for (const { name } of taken) entriesOf(kind).delete(name)
      return taken
    },
    claim: async (kind, limit, as) => {
      assertOneLifetime([{ kind }, as])
      const isFree = ({ name }: StoredRecord): boolean => find(as.kind, name) === undefined
      const claimed = liveEntries(kind).filter(({ record }) => isFree(record))
      return claimed.slice(0, limit).map(({ id, record }) => {
        entriesOf(kind).delete(record.name)
        entriesOf(as.kind).set(record.name, { id, record: { ...record, expiresAt: as.expiresAt } })
        return { ...copyOf(record), expiresAt: as.expiresAt }
      })
    },
    purge: async () => {
      let purged = 0
      for (const entries of kinds.values()) {
        for (const [name, entry] of entries) {
          if (isLive(entry)) continue
          entries.delete(name)
          purged += 1
        }
      }
      return purged
    },
    close: async () => kinds.clear(),
  }
}

/** Makes the function that writes a batch whole or, when a guard is refused, undoes it. */
function createApplyAll(
  entriesOf: (kind: Kind) => Map<string, Entry>,
  find: (kind: Kind, name: string) => Entry | undefined,
): (batch: readonly Write[]) => boolean {
  let nextId = 0

  function apply(write: Write): boolean {
    const entries = entriesOf(write.kind)
    const present = find(write.kind, write.name)
    if (write.op === 'delete') {
      entries.delete(write.name)
      return true
    }
    if (write.op === 'count') {
      const counted = present === undefined ? undefined : count(present.record, write)
      if (present === undefined || counted === undefined) return false
      entries.set(write.name, { id: present.id, record: counted })
      return true
    }
    if (write.op === 'put-new' && present !== undefined) return false
    if (write.op === 'replace' && present?.record.value.equals(write.previous) !== true)
      return false
    if (write.op === 'ensure' && present !== undefined) return true
    const { name, expiresAt, value } = write
    const record = { name, expiresAt, value: Buffer.from(value), counts: NO_COUNTS }
    const isReplaced = write.op === 'replace' && present !== undefined
    entries.set(name, { id: isReplaced ? present.id : nextId++, record })
    return true
  }

  function restore(write: Write | undefined, entry: Entry | undefined): void {
    if (write === undefined) return
    if (entry === undefined) entriesOf(write.kind).delete(write.name)
    else entriesOf(write.kind).set(write.name, entry)
  }

  return function applyAll(batch: readonly Write[]): boolean {
    const before = batch.map((write) => entriesOf(write.kind).get(write.name))
    const refused = batch.findIndex((write) => !apply(write))
    if (refused < 0) return true
    for (let index = refused; index >= 0; index -= 1) restore(batch[index], before[index])
    return false
  }
}

/** Throws TypeError when a batch mixes lasting and passing records: no engine could write it in one step. */
export function assertOneLifetime(batch: readonly { readonly kind: Kind }[]): void {
  if (new Set(batch.map(({ kind }) => KINDS[kind])).size > 1) {
    throw new TypeError('a batch is either of lasting or of passing records')
  }
}

function count(
  record: StoredRecord,
  { limits }: Extract<Write, { op: 'count' }>,
): StoredRecord | undefined {
  const counted = COUNTERS.flatMap((counter) => {
    const limit = limits[counter]
    return limit === undefined ? [] : [{ counter, limit, count: record.counts[counter] + 1 }]
  })
  const isRefused = counted.some(({ count: reached, limit }) => reached > limit)
  if (record.value.length === 0 || isRefused) return undefined
  const isSpent = counted.some(({ count: reached, limit }) => reached === limit)
  const added = Object.fromEntries(counted.map(({ counter, count: reached }) => [counter, reached]))
  const counts = { ...record.counts, ...added }
  return { ...record, counts, value: isSpent ? Buffer.alloc(0) : record.value }
}

function copyOf(record: StoredRecord): StoredRecord {
  return { ...record, value: Buffer.from(record.value) }
}

function depthOf(records: readonly StoredRecord[]): Depth {
  const expiries = records.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [expiresAt]))
  return {
    count: records.length,
    earliestExpiry: expiries.length === 0 ? undefined : Math.min(...expiries),
  }
}

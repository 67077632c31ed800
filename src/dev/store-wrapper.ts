import type { Kind, Store, Write } from '../store/contract.ts'
import type { DevClock } from './clock.ts'

/** A store whose sessions and tokens can be forgotten. */
export interface ForgettableStore extends Store {
  /** Deletes every session that was opened, every card, and every used JWT id. Merchants, keys and pools stay. */
  forget(): Promise<void>
  /** Notes that a claimed key was given to a session. */
  noteGiven(kid: string): void
}

const FORGOTTEN: readonly Kind[] = ['session-use', 'card', 'security-code', 'jwt-id']

/** Makes the store of an emulator: used JWT ids expire by the clock of signatures, however it is moved, and it can forget. */
export function wrapStore(store: Store, clock: DevClock): ForgettableStore {
  // Keys that this process has claimed and not given away: the pool goes on with these.
  const claimed = new Set<string>()
  const used = rememberUsedIds(clock)

  function toEmulatorTime(write: Write): Write {
    if (!isUsedId(write)) return write
    const offset = clock.now().getTime() - clock.signatures().getTime()
    return { ...write, expiresAt: (write.expiresAt ?? 0) + Math.round(offset / 1000) }
  }

  async function writeUnused(batch: readonly Write[]): Promise<boolean> {
    const ids = batch.filter(isUsedId)
    if (ids.some(({ name }) => used.has(name))) return false
    const isWritten = await store.write(batch.map(toEmulatorTime))
    if (isWritten) ids.forEach(used.add)
    return isWritten
  }

  async function forget(): Promise<void> {
    for (const kind of FORGOTTEN) await store.write(deletionsOf(kind, await namesOf(kind)))
    const sessions = (await namesOf('session-key')).filter((kid) => !claimed.has(kid))
    await store.write(deletionsOf('session-key', sessions))
    used.clear()
  }

  async function namesOf(kind: Kind): Promise<readonly string[]> {
    return (await store.list(kind)).map(({ name }) => name)
  }

  return {
    ...store,
    write: writeUnused,
    claim: async (kind, limit, as) => {
      const records = await store.claim(kind, limit, as)
      for (const { name } of records) claimed.add(name)
      return records
    },
    forget,
    noteGiven: (kid: string) => claimed.delete(kid),
  }
}

type UsedId = Extract<Write, { readonly value: Buffer }> & { readonly kind: 'jwt-id' }

function isUsedId(write: Write): write is UsedId {
  return write.kind === 'jwt-id' && 'value' in write
}

/** Used JWT ids in memory, until they expire by the machine's clock: a clock that is moved on expires those of the store. */
function rememberUsedIds({ machine, signatures }: DevClock): {
  has(name: string): boolean
  add(id: UsedId): void
  clear(): void
} {
  const deadlines = new Map<string, number>()

  function add({ name, expiresAt = 0 }: UsedId): void {
    const now = machine().getTime()
    for (const [oldest, deadline] of deadlines) {
      if (deadline > now) break
      deadlines.delete(oldest)
    }
    deadlines.set(name, now + expiresAt * 1000 - signatures().getTime())
  }

  return { has: (name) => deadlines.has(name), add, clear: () => deadlines.clear() }
}

function deletionsOf(kind: Kind, names: readonly string[]): readonly Write[] {
  return names.map((name) => ({ op: 'delete', kind, name }))
}

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

/** Makes the store of an emulator: used JWT ids expire by the clock of signatures, and it can forget. */
export function wrapStore(store: Store, clock: DevClock): ForgettableStore {
  // Keys that this process has claimed and not given away: the pool goes on with these.
  const claimed = new Set<string>()

  function toEmulatorTime(write: Write): Write {
    if (write.kind !== 'jwt-id' || !('expiresAt' in write)) return write
    const offset = clock.now().getTime() - clock.signatures().getTime()
    return { ...write, expiresAt: (write.expiresAt ?? 0) + Math.round(offset / 1000) }
  }

  async function forget(): Promise<void> {
    for (const kind of FORGOTTEN) await store.write(deletionsOf(kind, await namesOf(kind)))
    const sessions = (await namesOf('session-key')).filter((kid) => !claimed.has(kid))
    await store.write(deletionsOf('session-key', sessions))
  }

  async function namesOf(kind: Kind): Promise<readonly string[]> {
    return (await store.list(kind)).map(({ name }) => name)
  }

  return {
    ...store,
    write: (batch) => store.write(batch.map(toEmulatorTime)),
    claim: async (kind, limit, as) => {
      const records = await store.claim(kind, limit, as)
      for (const { name } of records) claimed.add(name)
      return records
    },
    forget,
    noteGiven: (kid: string) => claimed.delete(kid),
  }
}

function deletionsOf(kind: Kind, names: readonly string[]): readonly Write[] {
  return names.map((name) => ({ op: 'delete', kind, name }))
}

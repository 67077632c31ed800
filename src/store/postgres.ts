import { epochSeconds, type Now } from '../clock-and-random.ts'
import type { Secret } from '../secret.ts'
import { KINDS, type Kind, type Mode, type Store } from './contract.ts'
import { assertOneLifetime } from './memory.ts'
import type { Inspected } from './database-facts.ts'
import { createConnections, loadDriver, type Driver } from './postgres-connection.ts'
import { inspectDatabase } from './postgres-inspect.ts'
import { hasStamp, prepareDatabase } from './postgres-migrate.ts'
import { createPostgresRecords, type PostgresRecords } from './postgres-records.ts'
import { POSTGRES_SCHEMAS } from './postgres-schema.ts'
import { storeUnavailable } from './store-unavailable.ts'

interface PostgresOptions {
  /** Such as `postgres://user:password@host:5432/database`. */
  readonly address: Secret
  readonly mode: Mode
  readonly now: Now
}

/**
 * Opens the store in a PostgreSQL database, which many processes on many machines may share: makes its schemas or brings
 * them up to date. All writes of one event-loop turn share one transaction and one round trip, and so do its reads.
 *
 * @throws OperatorError when the database cannot be reached or written, is of the other mode or of a newer version, or, in
 * serve mode, would lose acknowledged writes in a crash.
 */
export async function openPostgresStore({ address, mode, now }: PostgresOptions): Promise<Store> {
  const driver = await loadDriver()
  await prepareDatabase(driver, { address, mode })
  return createStore(driver, address, now)
}

/** Looks at a database and the store in it, and changes nothing. Throws OperatorError when it cannot be asked. */
export async function inspectPostgres(address: Secret, now: Now): Promise<Inspected> {
  const driver = await loadDriver()
  const facts = await inspectDatabase(driver, address, now)
  return { facts, store: facts.isCurrent ? createStore(driver, address, now) : undefined }
}

function createStore(driver: Driver, address: Secret, now: Now): Store {
  const { ask, close } = createConnections(driver, address)
  const seconds = (): number => epochSeconds(now)
  const lasting = createPostgresRecords({ ask, seconds, schema: POSTGRES_SCHEMAS.lasting })
  const passing = createPostgresRecords({ ask, seconds, schema: POSTGRES_SCHEMAS.passing })
  const both = { lasting, passing } as const
  const of = (kind: Kind): PostgresRecords => both[KINDS[kind]]
  let closing: Promise<void> | undefined

  async function closeOnce(): Promise<void> {
    await Promise.all([lasting.drain(), passing.drain()])
    await close()
  }

  return {
    get: (kind, name) => attempt(() => of(kind).get(kind, name)),
    list: (kind) => attempt(() => of(kind).list(kind)),
    depth: (kind) => attempt(() => of(kind).depth(kind)),
    write: async (batch) => {
      const [first] = batch
      assertOneLifetime(batch)
      return first === undefined || attempt(() => of(first.kind).write(batch))
    },
    take: (kind, limit) => attempt(() => of(kind).take(kind, limit)),
    claim: async (kind, limit, as) => {
      assertOneLifetime([{ kind }, as])
      return attempt(() => of(kind).claim(kind, limit, as))
    },
    purge: () => attempt(async () => (await lasting.purge()) + (await passing.purge())),
    close: () => (closing ??= closeOnce()),
  }
}

/** Tells whether a database holds a store. Throws OperatorError when it cannot be asked. */
export async function hasPostgresStore(address: Secret): Promise<boolean> {
  return hasStamp(await loadDriver(), address)
}

async function attempt<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    throw storeUnavailable(cause)
  }
}

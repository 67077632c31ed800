import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Now } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import { Secret } from '../secret.ts'
import { systemCode, systemReason } from '../system-error.ts'
import type { Mode, Store } from './contract.ts'
import type { Inspected } from './database-facts.ts'
import { describeAddress } from './store-address.ts'

/** Where a store is. */
export interface StorePlace {
  /** `sqlite`, or the URL of a database. */
  readonly address: Secret
  /** The data folder, of the embedded store only. */
  readonly folder: string
}

interface StoreOptions extends StorePlace {
  readonly mode: Mode
  readonly now: Now
  /** Told once, by an engine whose durability is a matter of its server's settings, what they are. */
  readonly report?: (durability: string) => void
}

/** One kind of database behind the contract of a store. Loaded when it is configured, never otherwise. */
interface Engine {
  /** Tells whether a store was made there. Throws OperatorError when that cannot be found out. */
  exists(place: StorePlace): Promise<boolean>
  /**
   * Looks at a database and changes nothing. Throws OperatorError when it cannot be asked. Absent where there is no
   * server to look at.
   */
  inspect?(place: StorePlace, now: Now): Promise<Inspected>
  /** Opens the store, making it when it is not there. Throws OperatorError. */
  open(options: StoreOptions): Promise<Store>
}

const SQLITE: Engine = {
  exists: async ({ folder }) => {
    const { SQLITE_FILES } = await import('./sqlite-file.ts')
    return isThere(folder, SQLITE_FILES.lasting)
  },
  open: async (options) => (await import('./sqlite.ts')).openSqliteStore(options),
}

/** Where nothing may be seen, nothing is known to be absent. */
function isThere(folder: string, file: string): boolean {
  try {
    statSync(join(folder, file))
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw new OperatorError(
      `The store in ${folder} cannot be looked at: ${systemReason(error)}.`,
      'Let this user enter the folder, or name another with --data.',
      error,
    )
  }
}

const POSTGRES: Engine = {
  exists: async ({ address }) => (await import('./postgres.ts')).hasPostgresStore(address),
  inspect: async ({ address }, now) =>
    (await import('./postgres.ts')).inspectPostgres(address, now),
  open: async (options) => (await import('./postgres.ts')).openPostgresStore(options),
}

const REDIS: Engine = {
  exists: async ({ address }) => (await import('./redis.ts')).hasRedisStore(address),
  inspect: async ({ address }, now) => (await import('./redis.ts')).inspectRedis(address, now),
  open: async (options) => (await import('./redis.ts')).openRedisStore(options),
}

/** The engines, by the scheme of the address. */
const ENGINES: Readonly<Record<string, Engine>> = {
  sqlite: SQLITE,
  postgres: POSTGRES,
  postgresql: POSTGRES,
  redis: REDIS,
  rediss: REDIS,
}

/** What the address of a store looks like. */
export const STORE_FORM =
  'sqlite, or a URL such as postgres://user:password@host:5432/database or redis://user:password@host:6379/0'

/** Reads the address of a store; undefined when it is neither `sqlite` nor a URL of a known scheme. */
export function parseStoreAddress(text: string): Secret | undefined {
  return Object.hasOwn(ENGINES, schemeOf(text)) ? new Secret(text) : undefined
}

/** Tells whether a store was made there. Throws OperatorError when that cannot be found out. */
export function hasStore(place: StorePlace): Promise<boolean> {
  return engineOf(place).exists(place)
}

/** Opens a store, making it when it is not there. Throws OperatorError: see the engines. */
export function openStore(options: StoreOptions): Promise<Store> {
  return engineOf(options).open(options)
}

/** Looks at the database of a store; undefined where there is no server. Throws OperatorError as the engines do. */
export async function inspectStore(place: StorePlace, now: Now): Promise<Inspected | undefined> {
  return engineOf(place).inspect?.(place, now)
}

/** Says where a store is, without what gives access to it. */
export function describeStore({ address, folder }: StorePlace): string {
  return describeAddress(address) ?? folder
}

function engineOf({ address }: StorePlace): Engine {
  const engine = ENGINES[schemeOf(address.reveal())]
  if (engine !== undefined) return engine
  throw new OperatorError('The address of the store is of no known form.', `It is ${STORE_FORM}.`)
}

/** The scheme of a URL; `sqlite` stands for itself, anything else has none. */
function schemeOf(text: string): string {
  if (text === 'sqlite') return text
  const { protocol } = URL.parse(text) ?? {}
  return protocol === undefined || protocol === 'sqlite:' ? '' : protocol.slice(0, -1)
}

import type { Client } from 'pg'
import { OperatorError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Mode } from './contract.ts'
import { connect, sqlStateOf, type Driver } from './postgres-connection.ts'
import { MIGRATIONS, POSTGRES_SCHEMAS, type PostgresSchema } from './postgres-schema.ts'
import { describeAddress } from './store-address.ts'

const OLDEST_SERVER = 14
// "coat" and "chck" in ASCII: everybody who migrates takes this lock, nobody else does.
const MIGRATION_LOCK = '(1668243828, 1667785579)'
const SCHEMAS = Object.values(POSTGRES_SCHEMAS)

interface Prepared {
  readonly address: Secret
  readonly mode: Mode
}

/** Tells whether a database holds a store. Throws OperatorError when it cannot be asked. */
export function hasStamp(driver: Driver, address: Secret): Promise<boolean> {
  return withClient(driver, address, async (client) => {
    const { version } = await readStamp(client, POSTGRES_SCHEMAS.lasting)
    return version > 0
  })
}

/**
 * Checks a database and brings its schemas up to date, in one transaction that only one process runs at a time. Nothing
 * is changed in a database that is refused.
 *
 * @throws OperatorError as {@link openPostgresStore} says.
 */
export function prepareDatabase(driver: Driver, { address, mode }: Prepared): Promise<void> {
  return withClient(driver, address, async (client) => {
    const place = describe(address)
    await checkServer(client, place, mode)
    if (await isCurrent(client, place, mode)) return
    await client.query('BEGIN')
    await client.query(`SELECT pg_advisory_xact_lock${MIGRATION_LOCK}`)
    if (!(await isCurrent(client, place, mode))) await migrate(client, mode)
    await client.query('COMMIT')
  })
}

/** Connects, runs and ends the connection, with what was begun over it. Throws OperatorError when that fails. */
export async function withClient<T>(
  driver: Driver,
  address: Secret,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  let client: Client | undefined
  try {
    client = await connect(driver, address)
    return await use(client)
  } catch (error) {
    throw explain(error, describe(address))
  } finally {
    // Ends a transaction that was begun, too.
    await client?.end().catch(() => undefined)
  }
}

interface ServerState {
  readonly version: number
  readonly isReadOnly: boolean
  readonly undurable: string | undefined
}

async function readServer(client: Client): Promise<ServerState> {
  const { rows } = await client.query<Record<string, unknown>>(`SELECT
    current_setting('server_version_num')::integer / 10000 AS version,
    pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean AS read_only,
    (SELECT min(name) FROM pg_settings
       WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off') AS undurable`)
  const { version, read_only, undurable } = rows[0] ?? {}
  return {
    version: Number(version),
    isReadOnly: read_only === true,
    undurable: typeof undurable === 'string' ? undurable : undefined,
  }
}

/** Refuses a server that is too old, read-only or, in serve mode, not durable. Throws OperatorError. */
export async function checkServer(client: Client, place: string, mode: Mode): Promise<void> {
  const { version, isReadOnly, undurable } = await readServer(client)
  if (version < OLDEST_SERVER) {
    throw new OperatorError(
      `${place} runs PostgreSQL ${version}.`,
      `Coatcheck needs PostgreSQL ${OLDEST_SERVER} or later.`,
    )
  }
  if (isReadOnly) {
    throw new OperatorError(
      `${place} is read-only, as a standby is.`,
      'Name the primary with --store; nothing was changed.',
    )
  }
  if (mode === 'serve' && undurable !== undefined) {
    throw new OperatorError(
      `${place} runs with ${undurable} off: a crash would lose tokens that were acknowledged.`,
      `Set ${undurable} = on, in postgresql.conf or where the role or the database overrides it.`,
    )
  }
}

/** What a schema says of itself. */
export interface Stamp {
  /** Undefined when the schema is not made yet. */
  readonly mode: string | undefined
  readonly version: number
  readonly exists: boolean
  readonly isForeign: boolean
}

/** Reads what stands in a schema. */
export async function readStamp(client: Client, schema: PostgresSchema): Promise<Stamp> {
  const { rows } = await client.query<Record<string, unknown>>(
    `SELECT to_regnamespace($1) IS NOT NULL AS exists, to_regclass($1 || '.stamp') IS NOT NULL AS stamped,
       EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace($1)) AS used`,
    [schema],
  )
  const { exists, stamped, used } = rows[0] ?? {}
  const found = { exists: exists === true, isForeign: used === true && stamped !== true }
  if (stamped !== true) return { ...found, mode: undefined, version: 0 }
  const stamps = await client.query<Record<string, unknown>>(
    `SELECT mode, version FROM ${schema}.stamp`,
  )
  const { mode, version } = stamps.rows[0] ?? {}
  return { ...found, mode: String(mode), version: Number(version) }
}

/** Tells whether both schemas are up to date. Throws OperatorError when one of them is not for this program. */
export async function isCurrent(client: Client, place: string, mode: Mode): Promise<boolean> {
  let current = true
  for (const schema of SCHEMAS) {
    const stamp = await readStamp(client, schema)
    checkStamp(stamp, `The schema ${schema} in ${place}`, mode)
    if (stamp.version < MIGRATIONS.length) current = false
  }
  return current
}

function checkStamp({ version, isForeign, mode: stamped }: Stamp, what: string, mode: Mode): void {
  if (isForeign) {
    throw new OperatorError(
      `${what} belongs to another program.`,
      'Name a database of its own with --store; nothing was changed.',
    )
  }
  if (version > MIGRATIONS.length) {
    throw new OperatorError(
      `${what} was written by a newer version of Coatcheck (schema ${version}, this one knows ${MIGRATIONS.length}).`,
      'Run that version, or restore a backup; nothing was changed.',
    )
  }
  if (stamped === undefined || stamped === mode) return
  throw new OperatorError(
    `${what} belongs to "coatcheck ${stamped}".`,
    `"coatcheck ${mode}" needs a database of its own: name it with --store.`,
  )
}

async function migrate(client: Client, mode: Mode): Promise<void> {
  for (const schema of SCHEMAS) {
    const { version, exists } = await readStamp(client, schema)
    if (!exists) await client.query(`CREATE SCHEMA ${schema}`)
    for (const migration of MIGRATIONS.slice(version)) await client.query(migration(schema))
    if (version === 0) {
      await client.query(`INSERT INTO ${schema}.stamp (mode, version) VALUES ($1, 0)`, [mode])
    }
    await client.query(`UPDATE ${schema}.stamp SET version = $1`, [MIGRATIONS.length])
  }
}

function describe(address: Secret): string {
  return describeAddress(address) ?? 'the database'
}

interface Explanation {
  readonly problem: (place: string) => string
  readonly fix: string
}

const REFUSED_USER: Explanation = {
  problem: (place) => `${place} refuses the user or the password.`,
  fix: 'Correct them in --store or COATCHECK_STORE, or let pg_hba.conf admit the user.',
}
const UNREACHABLE: Explanation = {
  problem: (place) => `${place} cannot be reached.`,
  fix: 'Check that the server runs, and host and port in --store or COATCHECK_STORE.',
}

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  '28000': REFUSED_USER,
  '28P01': REFUSED_USER,
  '3D000': {
    problem: (place) => `${place} does not exist.`,
    fix: 'Make the database with "createdb", or correct its name in --store or COATCHECK_STORE.',
  },
  '42501': {
    problem: (place) => `The user of ${place} may not make or use the schemas of the store.`,
    fix: 'Run: GRANT CREATE ON DATABASE <database> TO <user>; nothing was changed.',
  },
  '57P03': {
    problem: (place) => `${place} does not accept connections yet.`,
    fix: 'Wait until the server has started, then try again.',
  },
  '53300': {
    problem: (place) => `${place} has no connection left.`,
    fix: 'Raise max_connections, or run fewer workers.',
  },
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  ENOENT: UNREACHABLE,
}

function explain(error: unknown, place: string): OperatorError {
  if (error instanceof OperatorError) return error
  const why = error instanceof Error ? error.message : String(error)
  const isTimeout = /timeout/.test(why)
  const known = isTimeout ? UNREACHABLE : EXPLANATIONS[sqlStateOf(error) ?? '']
  if (known !== undefined) return new OperatorError(known.problem(place), known.fix, error)
  return new OperatorError(
    `${place} cannot be opened: ${why}.`,
    'Check the server, and the address in --store or COATCHECK_STORE.',
    error,
  )
}

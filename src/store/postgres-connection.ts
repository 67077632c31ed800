import type { Client, Pool, PoolClient } from 'pg'
import { OperatorError } from '../errors.ts'
import type { Secret } from '../secret.ts'

const CONNECT_MILLISECONDS = 2000
const STATEMENT_MILLISECONDS = 3000
/** Later than the server's own: then the server, or the way to it, is gone. */
const ANSWER_MILLISECONDS = 3500
const IDLE_MILLISECONDS = 30_000
const PREPARING_MILLISECONDS = 60_000

/** Connections that one process has at most. */
const CONNECTIONS = 6

// Every statement finds its rows by an index, also when it was planned while the tables were small.
const PLANNING =
  '-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c plan_cache_mode=force_generic_plan'

/** What a statement gives: rows of columns. */
export type Rows = readonly (readonly unknown[])[]

/** One statement, prepared once a connection. */
export interface Statement {
  /** Of its own for each text. */
  readonly name: string
  readonly text: string
}

/** Sends a statement. Rejects with what the driver throws: see {@link sqlStateOf}. */
export type Ask = (
  statement: Statement,
  values?: readonly (string | number | Buffer)[],
) => Promise<Rows>

/** The connections of one process to its database. */
export interface Connections {
  readonly ask: Ask
  close(): Promise<void>
}

/** The client library, an optional peer. */
export interface Driver {
  readonly Client: typeof Client
  readonly Pool: typeof Pool
}

/** Loads the client library. Throws OperatorError when it is not installed. */
export async function loadDriver(): Promise<Driver> {
  try {
    return await import('pg')
  } catch (cause) {
    throw new OperatorError(
      'The client library of PostgreSQL is not installed.',
      'Run "npm install pg@8" beside Coatcheck.',
      cause,
    )
  }
}

/** Opens the connection that checks and migrates, without the time-outs of requests. */
export async function connect(driver: Driver, address: Secret): Promise<Client> {
  const client = new driver.Client({
    connectionString: address.reveal(),
    application_name: 'coatcheck',
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    statement_timeout: PREPARING_MILLISECONDS,
    query_timeout: PREPARING_MILLISECONDS,
  })
  // What breaks a connection also rejects what was asked over it.
  client.on('error', () => {})
  await client.connect()
  return client
}

/** Makes the connections; none is opened before it is needed, and one that breaks is replaced by itself. */
export function createConnections(driver: Driver, address: Secret): Connections {
  const pool = new driver.Pool({
    connectionString: withPlanning(address.reveal()),
    application_name: 'coatcheck',
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
    statement_timeout: STATEMENT_MILLISECONDS,
    query_timeout: ANSWER_MILLISECONDS,
    idle_in_transaction_session_timeout: STATEMENT_MILLISECONDS,
    idleTimeoutMillis: IDLE_MILLISECONDS,
    keepAlive: true,
  })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return { ask: (...words) => ask(pool, ...words), close: () => pool.end() }
}

async function ask(
  pool: Pool,
  { name, text }: Statement,
  values: readonly (string | number | Buffer)[] = [],
): Promise<Rows> {
  const client = await pool.connect()
  try {
    const words = { name, text, values: [...values], rowMode: 'array' as const }
    const { rows } = await client.query<unknown[]>(words)
    client.release()
    return rows
  } catch (error) {
    client.release(!(await isReadyAgain(client, error)))
    throw error
  }
}

/**
 * Waits until the server has undone what failed: it tells of the failure before, while the rows are still locked, and
 * whoever then claims would skip them. False means that the connection is of no more use.
 */
async function isReadyAgain(client: PoolClient, error: unknown): Promise<boolean> {
  const isOfServer = error instanceof Error && 'severity' in error
  if (!isOfServer) return false
  try {
    await client.query('')
    return true
  } catch {
    return false
  }
}

function withPlanning(address: string): string {
  const url = new URL(address)
  const own = url.searchParams.get('options') ?? ''
  url.searchParams.set('options', `${own} ${PLANNING}`.trim())
  // The driver reads %20 in a query as a space, and + as well.
  return url.href
}

/** The SQLSTATE that the server gave, or the code of the system's error; undefined when there is neither. */
export function sqlStateOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

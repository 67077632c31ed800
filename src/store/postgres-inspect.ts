import type { Client } from 'pg'
import type { Now } from '../clock-and-random.ts'
import { OperatorError } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { DatabaseFacts } from './database-facts.ts'
import type { Driver } from './postgres-connection.ts'
import { checkServer, isCurrent, readStamp, withClient } from './postgres-migrate.ts'
import { POSTGRES_SCHEMAS } from './postgres-schema.ts'
import { describeAddress } from './store-address.ts'

/** Looks at a database and changes nothing. Throws OperatorError when it cannot be asked. */
export function inspectDatabase(driver: Driver, address: Secret, now: Now): Promise<DatabaseFacts> {
  return withClient(driver, address, async (client) => {
    const place = describeAddress(address) ?? 'the database'
    const { version } = await readStamp(client, POSTGRES_SCHEMAS.lasting)
    return {
      place,
      ...(await readClock(client, now)),
      ...(await readServer(client)),
      isMade: version > 0,
      ...(await judge(client, place)),
    }
  })
}

async function readClock(
  client: Client,
  now: Now,
): Promise<Pick<DatabaseFacts, 'roundTripMilliseconds' | 'aheadMilliseconds'>> {
  const asked = now().getTime()
  const { rows } = await client.query<Record<string, unknown>>(
    'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS milliseconds',
  )
  const answered = now().getTime()
  const middle = (asked + answered) / 2
  return {
    roundTripMilliseconds: answered - asked,
    aheadMilliseconds: Math.round(Number(rows[0]?.['milliseconds']) - middle),
  }
}

async function readServer(client: Client): Promise<Pick<DatabaseFacts, 'product' | 'connections'>> {
  const { rows } = await client.query<Record<string, unknown>>(`SELECT
    current_setting('server_version_num')::integer / 10000 AS version,
    current_setting('max_connections')::integer AS most,
    (SELECT count(*)::integer FROM pg_stat_activity WHERE backend_type = 'client backend') AS used`)
  const { version, most, used } = rows[0] ?? {}
  return {
    product: `PostgreSQL ${String(version)}`,
    connections: { used: Number(used), limit: Number(most) },
  }
}

async function judge(
  client: Client,
  place: string,
): Promise<Pick<DatabaseFacts, 'isCurrent' | 'refusal'>> {
  try {
    await checkServer(client, place, 'serve')
    return { isCurrent: await isCurrent(client, place, 'serve'), refusal: undefined }
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error
    return { isCurrent: false, refusal: error }
  }
}

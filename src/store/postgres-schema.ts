import { createWriteTurn } from './postgres-write-turn.ts'

/** The two schemas of the store in its database; backups leave the second out. */
export const POSTGRES_SCHEMAS = { lasting: 'coatcheck', passing: 'coatcheck_passing' } as const

/** The name of one of the two schemas. */
export type PostgresSchema = (typeof POSTGRES_SCHEMAS)[keyof typeof POSTGRES_SCHEMAS]

/**
 * The statements that bring a schema from one version to the next; one entry a version, never changed once released.
 *
 * Names are bytes: a text of PostgreSQL holds no zero character. Sealed values do not compress. A count changes no
 * indexed column, so that its new row stays on its page where there is room. `age` is what "oldest" means.
 */
export const MIGRATIONS: readonly ((schema: PostgresSchema) => string)[] = [
  (schema) => `
    CREATE TABLE ${schema}.stamp (mode text NOT NULL, version integer NOT NULL);
    CREATE SEQUENCE ${schema}.turns;
    CREATE TABLE ${schema}.records (
      kind text COLLATE "C" NOT NULL,
      name bytea NOT NULL,
      age bigint NOT NULL,
      expires_at bigint,
      issued integer NOT NULL DEFAULT 0,
      opened integer NOT NULL DEFAULT 0,
      failed integer NOT NULL DEFAULT 0,
      value bytea NOT NULL,
      PRIMARY KEY (kind, name)
    ) WITH (
      fillfactor = 80,
      autovacuum_vacuum_scale_factor = 0.02,
      autovacuum_analyze_scale_factor = 0.02,
      autovacuum_vacuum_cost_delay = 0
    );
    ALTER TABLE ${schema}.records ALTER COLUMN value SET STORAGE EXTERNAL;
    CREATE INDEX records_by_expiry ON ${schema}.records (expires_at) WHERE expires_at IS NOT NULL;
    CREATE INDEX pool_keys_by_age ON ${schema}.records (kind, age)
      WHERE kind IN ('pool-key', 'rotated-pool-key');
    ${createWriteTurn(schema)}`,
]

import type { Write } from './contract.ts'

/** SQLSTATE of a batch of which a guard was refused when it had written something: its transaction was undone. */
export const REFUSED_LATE = 'CC001'

const LIVE = '(r.expires_at IS NULL OR r.expires_at > seconds)'
const COUNTERS = ['issued', 'opened', 'failed'] as const

/**
 * Makes the statement that creates `write_turn`, which carries out the batches of a turn in one transaction and one round
 * trip; it gives the numbers of those that were refused. The first guard that is refused ends its batch. Had the batch
 * written before, the whole call fails with {@link REFUSED_LATE}: who calls then sends each batch by itself.
 */
export function createWriteTurn(schema: string): string {
  const operations = Object.entries(createOperations(schema))
  return `CREATE FUNCTION ${schema}.write_turn(
      seconds bigint, batches integer[], places integer[], ops text[], kinds text[], name_lengths integer[],
      expiries bigint[], value_lengths integer[], previous_lengths integer[],
      issued_limits integer[], opened_limits integer[], failed_limits integer[], content bytea
    ) RETURNS integer[] LANGUAGE plpgsql AS $$
    DECLARE
      w record;
      refused integer[] := '{}';
      batch integer := -1;
      is_refused boolean;
      has_written boolean;
      first_age bigint := nextval('${schema}.turns') * 1000000;
      at_byte integer := 1;
      record_name bytea;
      record_value bytea;
      previous bytea;
    BEGIN
      FOR w IN SELECT * FROM unnest(batches, places, ops, kinds, name_lengths, expiries, value_lengths,
          previous_lengths, issued_limits, opened_limits, failed_limits)
        AS t (batch, place, op, kind, name_length, expires_at, value_length, previous_length, issued, opened, failed)
      LOOP
        ${cut('record_name', 'w.name_length')}
        ${cut('record_value', 'w.value_length')}
        ${cut('previous', 'w.previous_length')}
        IF w.batch <> batch THEN
          batch := w.batch;
          is_refused := false;
          has_written := false;
        END IF;
        CONTINUE WHEN is_refused;
        CASE w.op ${operations.map(([op, sql]) => `WHEN '${op}' THEN ${sql};`).join('\n')} END CASE;
        IF FOUND THEN
          has_written := true;
        ELSIF w.op IN ('count', 'put-new', 'replace') THEN
          IF has_written THEN
            RAISE EXCEPTION USING ERRCODE = '${REFUSED_LATE}',
              MESSAGE = 'a guard was refused after its batch had written';
          END IF;
          is_refused := true;
          refused := refused || batch;
        END IF;
      END LOOP;
      RETURN refused;
    END $$;`
}

/** Names and values lie one after the other in `content`. */
function cut(variable: string, length: string): string {
  return `${variable} := substring(content FROM at_byte FOR ${length}); at_byte := at_byte + ${length};`
}

/** What each write does; a guard that finds no row is refused. */
function createOperations(schema: string): Readonly<Record<Write['op'], string>> {
  const records = `${schema}.records`
  const put = `INSERT INTO ${records} AS r (kind, name, age, expires_at, value)
    VALUES (w.kind, record_name, first_age + w.place, nullif(w.expires_at, -1), record_value)
    ON CONFLICT (kind, name) DO UPDATE SET age = EXCLUDED.age, expires_at = EXCLUDED.expires_at,
      value = EXCLUDED.value, issued = 0, opened = 0, failed = 0`
  const putNew = `${put} WHERE r.expires_at <= seconds`
  // A counter that is not counted has the limit -1.
  const isWithin = COUNTERS.map((name) => `(w.${name} < 0 OR r.${name} < w.${name})`).join(' AND ')
  const isReached = COUNTERS.map((name) => `r.${name} + 1 = w.${name}`).join(' OR ')
  const added = COUNTERS.map((name) => `${name} = r.${name} + (w.${name} >= 0)::integer`).join(', ')
  return {
    put,
    'put-new': putNew,
    ensure: putNew,
    count: `UPDATE ${records} AS r
      SET ${added}, value = CASE WHEN ${isReached} THEN ''::bytea ELSE r.value END
      WHERE r.kind = w.kind AND r.name = record_name AND r.value <> ''::bytea AND ${LIVE} AND ${isWithin}`,
    replace: `UPDATE ${records} AS r SET expires_at = nullif(w.expires_at, -1), value = record_value,
        issued = 0, opened = 0, failed = 0
      WHERE r.kind = w.kind AND r.name = record_name AND r.value = previous AND ${LIVE}`,
    delete: `DELETE FROM ${records} AS r WHERE r.kind = w.kind AND r.name = record_name`,
  }
}

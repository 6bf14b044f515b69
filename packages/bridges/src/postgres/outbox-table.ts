// The outbox as SQL: the table for the application's migrations, and what a relay asks of it.

/** Whoever listens is told of rows on this channel of PostgreSQL's. */
export const noticeChannel = "tidewire_outbox";

/**
 * The table, for the application's migrations; running it again changes nothing. PostgreSQL 14 or later.
 *
 * A transaction writes `channel` and `data`, and if it wants to `tags` (an object of texts) and `key`, 1 to 64 characters by
 * which a publication is recognised for 5 minutes. Rows go away when they are published; one that the server refuses
 * for good stays, with a `problem`.
 * @param table `name` or `schema.name`, in lower case.
 * @throws {TypeError} when it is neither.
 */
export function outboxTable(table = "tidewire_outbox"): string {
  const name = checkTableName(table);
  const bare = name.slice(name.indexOf(".") + 1);
  return `CREATE TABLE IF NOT EXISTS ${name} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel text NOT NULL,
  data jsonb NOT NULL,
  tags jsonb,
  key text NOT NULL DEFAULT gen_random_uuid()::text CHECK (char_length(key) BETWEEN 1 AND 64),
  problem text
);
CREATE INDEX IF NOT EXISTS ${bare}_waiting ON ${name} (id) WHERE problem IS NULL;
CREATE OR REPLACE FUNCTION ${name}_written() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_notify('${noticeChannel}', ''); RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER ${bare}_written AFTER INSERT ON ${name}
  FOR EACH STATEMENT EXECUTE FUNCTION ${name}_written();`;
}

/** The name, which goes into SQL as it is. */
function checkTableName(table: string): string {
  // PostgreSQL cuts names after 63 bytes; a trigger's name is longer by eight.
  if (/^([a-z_][a-z0-9_]{0,54}\.)?[a-z_][a-z0-9_]{0,54}$/.test(table)) return table;
  throw new TypeError(`expected the name of a table, "name" or "schema.name" in lower case, got "${table}"`);
}

/** What a relay asks of one table. */
export interface OutboxQueries {
  /** Begins a batch, if nobody else is in the middle of one. `$1`: how long it may stand still, `$2`: how long a statement may take. */
  readonly take: string;
  /** `$1`: channels to leave out, `$2`: rows, `$3`: bytes of one, `$4`: bytes together; one row is always given. */
  readonly oldest: string;
  /** `$1`: ids. */
  readonly remove: string;
  /** `$1`: ids, `$2`: a problem for each. */
  readonly refuse: string;
}

export function outboxQueries(table: string): OutboxQueries {
  const name = checkTableName(table);
  return {
    take: `SELECT set_config('idle_in_transaction_session_timeout', $1, true),
      set_config('statement_timeout', $2, true),
      pg_try_advisory_xact_lock(hashtextextended('tidewire outbox', '${name}'::regclass::oid::bigint)) AS taken`,
    oldest: `WITH waiting AS MATERIALIZED (
        SELECT id, channel, key, tags::text AS tags, data::text AS data FROM ${name}
        WHERE problem IS NULL AND channel <> ALL ($1::text[]) ORDER BY ${name}.id LIMIT $2::int
      ), counted AS (
        SELECT *, octet_length(data) AS bytes, sum(octet_length(data)) OVER (ORDER BY id) AS so_far FROM waiting
      )
      SELECT id::text AS id, channel, key, tags, CASE WHEN bytes <= $3::bigint THEN data END AS data, bytes FROM counted
      WHERE so_far - bytes < $4::bigint ORDER BY counted.id`,
    remove: `DELETE FROM ${name} WHERE id = ANY ($1::bigint[])`,
    refuse: `UPDATE ${name} SET problem = refused.problem
      FROM unnest($1::bigint[], $2::text[]) AS refused (id, problem) WHERE ${name}.id = refused.id`,
  };
}

// A PostgreSQL table into channels: what is written there in a transaction is published if that commits.
export type { PostgresClient } from "./postgres/connection.ts";
export { outboxTable } from "./postgres/outbox-table.ts";
export {
  type PostgresOutboxOptions,
  type PostgresOutboxRelay,
  type PostgresOutboxStats,
  relayPostgresOutbox,
} from "./postgres/relay.ts";

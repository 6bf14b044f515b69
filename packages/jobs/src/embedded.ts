// The door "@tidewire/jobs/embedded": what keeps jobs in SQLite, without any service.
export { embeddedStore, type EmbeddedStoreOptions } from "./embedded/embedded-store.ts";
export { outboxTable, type SqliteOutbox, sqliteOutbox } from "./embedded/sqlite-outbox.ts";

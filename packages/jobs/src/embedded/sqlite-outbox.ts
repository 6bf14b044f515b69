// An outbox in a SQLite database of the application: one table, written inside its own transactions.
import type { DatabaseSync } from "node:sqlite";
import type { Outbox, OutboxRow } from "../outbox.ts";
import type { JobDraft } from "../store/job-store.ts";

/** The table, for the application's migrations. */
export const outboxTable = `CREATE TABLE IF NOT EXISTS tidewire_outbox (
  place INTEGER PRIMARY KEY,
  draft TEXT NOT NULL,
  problem TEXT
) STRICT`;

/** An outbox, and the way into it. */
export interface SqliteOutbox extends Outbox {
  /** Inside a transaction of the same connection: the job is ordered if and only if that commits. */
  put(draft: JobDraft): void;
}

/**
 * An outbox in the application's own database.
 * @param database Where `outboxTable` was run.
 */
export function sqliteOutbox(database: DatabaseSync): SqliteOutbox {
  const insert = database.prepare("INSERT INTO tidewire_outbox (draft) VALUES (?)");
  const oldest = database.prepare(
    "SELECT place, draft FROM tidewire_outbox WHERE problem IS NULL ORDER BY place LIMIT ?",
  );
  const remove = database.prepare("DELETE FROM tidewire_outbox WHERE place = ?");
  const refuse = database.prepare("UPDATE tidewire_outbox SET problem = ?2 WHERE place = ?1");
  return {
    put: (draft) => void insert.run(JSON.stringify(draft)),
    // What this connection has not committed yet it would read as well; and it may still be rolled back.
    oldest: (limit) => (database.isTransaction ? [] : oldest.all(limit).map((row) => rowOf(row))),
    taken(places) {
      // Where the application is in the middle of a transaction it is part of that; what is rolled back comes again.
      const isAlone = !database.isTransaction;
      if (isAlone) database.exec("BEGIN IMMEDIATE");
      for (const place of places) remove.run(Number(place));
      if (isAlone) database.exec("COMMIT");
    },
    refused: (place, problem) => void refuse.run(Number(place), problem),
  };
}

function rowOf({ place, draft }: Readonly<Record<string, unknown>>): OutboxRow {
  return { place: String(place), draft: String(draft) };
}

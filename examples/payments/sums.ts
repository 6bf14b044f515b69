// The sums of the analytics, in a database of their own: each transfer is in them once.
import { DatabaseSync } from "node:sqlite";
import type { Sums } from "./channels.ts";

export interface SumsTable {
  /** Counts a transfer. Done again, it does nothing. */
  count(counted: { readonly id: string; readonly cents: number; readonly atMs: number }): void;
  read(minutes: number): Sums;
  close(): void;
}

const minuteMs = 60_000;

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS counted (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS minutes (
    at_ms INTEGER PRIMARY KEY,
    transfers INTEGER NOT NULL,
    cents INTEGER NOT NULL
  ) STRICT;`;

export function openSums(file: string): SumsTable {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec(schema);
  const mark = database.prepare("INSERT INTO counted VALUES (?) ON CONFLICT DO NOTHING");
  const add = database.prepare(
    `INSERT INTO minutes VALUES (?, 1, ?)
     ON CONFLICT DO UPDATE SET transfers = transfers + 1, cents = cents + excluded.cents`,
  );
  const newest = database.prepare("SELECT at_ms AS atMs, transfers, cents FROM minutes ORDER BY at_ms DESC LIMIT ?");
  const all = database.prepare(
    "SELECT coalesce(sum(transfers), 0) AS transfers, coalesce(sum(cents), 0) AS cents FROM minutes",
  );
  return {
    count({ id, cents, atMs }) {
      database.exec("BEGIN IMMEDIATE");
      try {
        // In one commit with what it stands for: a worker that dies after it, and is followed by another, changes nothing.
        if (mark.run(id).changes > 0) add.run(atMs - (atMs % minuteMs), cents);
        database.exec("COMMIT");
      } finally {
        if (database.isTransaction) database.exec("ROLLBACK");
      }
    },
    read: (minutes) => ({ ...all.get(), minutes: newest.all(minutes) }) as unknown as Sums,
    close: () => database.close(),
  };
}

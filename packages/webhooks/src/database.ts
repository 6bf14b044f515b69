// Opens the database of webhooks, which one process has at a time: its lock says who sends.
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeFolder, reasonOf } from "@tidewire/protocol/ports";

/** "TDWH" in ASCII, at byte 68 of the file. */
const applicationId = 0x54445748;

/** Step n brings version n to n + 1. A step that was released is never edited. */
const migrations: readonly string[] = [
  `
  CREATE TABLE epoch (name TEXT NOT NULL) STRICT;
  CREATE TABLE standing (key TEXT PRIMARY KEY, fact TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE endpoints (name TEXT PRIMARY KEY, sequence INTEGER NOT NULL, problem TEXT) STRICT, WITHOUT ROWID;
  CREATE TABLE deliveries (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    taken_ms INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    ended_ms INTEGER,
    reason TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    UNIQUE (endpoint, id)
  ) STRICT;
  CREATE INDEX deliveries_due ON deliveries (endpoint, due_ms) WHERE state = 'waiting';
  CREATE INDEX deliveries_dead ON deliveries (endpoint, place) WHERE state = 'dead';
  CREATE INDEX deliveries_ended ON deliveries (state, ended_ms) WHERE ended_ms IS NOT NULL;
  `,
  "CREATE INDEX deliveries_since ON deliveries (endpoint, since_ms) WHERE state = 'waiting';",
];

/** Another process has it. */
export class InUse extends Error {}

/** @throws {InUse}, or {Error} in words for the operator. */
export function openDatabase(path: string, epoch: () => string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    makeFolder(dirname(path), 0o700);
    database = new DatabaseSync(path, { timeout: 0 });
    // Held from the first look at the file until the process ends, however it ends.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    checkOwner(database, path);
    const mode = valueOf(database, "PRAGMA journal_mode = WAL");
    if (mode !== "wal") throw new Error(`write-ahead logging was expected, the file system allows "${mode}"`);
    database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
    database.exec("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864");
    migrate(database, epoch);
    return database;
  } catch (thrown) {
    database?.close();
    if (isBusy(thrown)) throw new InUse(`${path}: another process has it`, { cause: thrown });
    throw new Error(`${path}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

function checkOwner(database: DatabaseSync, path: string): void {
  const owner = valueOf(database, "PRAGMA application_id");
  const tables = valueOf(database, "SELECT count(*) FROM sqlite_schema");
  if (owner === applicationId || (owner === 0 && tables === 0)) return;
  throw new Error(
    `a database of Tidewire's webhooks (application id ${applicationId}) was expected, ${path} is a SQLite database of ` +
      `another program (application id ${owner}, ${tables} tables and indexes)`,
  );
}

function migrate(database: DatabaseSync, epoch: () => string): void {
  // It takes the lock for good, also where there is nothing to do.
  database.exec("BEGIN IMMEDIATE");
  const version = Number(valueOf(database, "PRAGMA user_version"));
  if (version > migrations.length) {
    throw new Error(
      `a schema of version ${migrations.length} or older was expected, this one has version ${version}; ` +
        "it was made by a newer Tidewire",
    );
  }
  for (const step of migrations.slice(version)) database.exec(step);
  if (version === 0) database.prepare("INSERT INTO epoch (name) VALUES (?)").run(epoch());
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}; COMMIT`);
}

export function valueOf(database: DatabaseSync, sql: string): number | string {
  const value = Object.values(database.prepare(sql).get() ?? {})[0];
  return typeof value === "number" || typeof value === "string" ? value : "";
}

/** SQLite's primary result codes: https://sqlite.org/rescode.html. */
const busyCode = 5;
const fullCode = 13;

function isBusy(thrown: unknown): boolean {
  return codeOf(thrown) === busyCode;
}

/** The disk, or as much of it as may be used. */
export function isFull(thrown: unknown): boolean {
  return thrown instanceof StoreFull || codeOf(thrown) === fullCode;
}

function codeOf(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number") return null;
  return thrown.errcode & 0xff;
}

/** Bytes of the file that hold something; what was deleted is used again. */
export function usedBytes(database: DatabaseSync): number {
  const pages = Number(valueOf(database, "PRAGMA page_count")) - Number(valueOf(database, "PRAGMA freelist_count"));
  return pages * Number(valueOf(database, "PRAGMA page_size"));
}

/** The file has grown as large as it may. */
export class StoreFull extends Error {}

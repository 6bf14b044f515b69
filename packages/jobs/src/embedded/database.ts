// Opens the database file of an embedded store, which several processes may have open at once.
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeFolder, reasonOf } from "@tidewire/protocol/ports";
import { migrations } from "./schema.ts";

/** "TDJB" in ASCII, at byte 68 of the file. */
const applicationId = 0x54444a42;

/** How long a statement waits for another process's commit. */
const lockWaitMs = 4_000;

const journalTries = 40;
const journalWaitMs = 100;

/** @throws {Error} in words for the operator. */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | null = null;
  try {
    makeFolder(dirname(path));
    database = new DatabaseSync(path, { timeout: lockWaitMs });
    checkOwner(database, path);
    writeAhead(database, path);
    // FULL: each commit is on the disk before it is acked (J1). On macOS only a full sync reaches the disk.
    database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
    database.exec("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864");
    migrate(database, path);
    return database;
  } catch (thrown) {
    database?.close();
    throw thrown instanceof Refusal ? thrown : new Error(`${path}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

/** The file was understood, and is not to be used. */
class Refusal extends Error {}

function checkOwner(database: DatabaseSync, path: string): void {
  const owner = valueOf(database, "PRAGMA application_id");
  if (owner === applicationId) return;
  // Another process may be making it just now: its tables and its mark come in one commit.
  const tables = valueOf(database, "SELECT count(*) FROM sqlite_schema");
  if (owner === 0 && tables === 0) return;
  if (valueOf(database, "PRAGMA application_id") === applicationId) return;
  throw new Refusal(
    `${path}: a database of Tidewire's jobs (application id ${applicationId}) was expected, this is a SQLite database ` +
      `of another program (application id ${owner}, ${tables} tables and indexes)`,
  );
}

/** Whoever else switches the file at this moment makes SQLite give up at once, whatever its timeout. */
function writeAhead(database: DatabaseSync, path: string): void {
  for (let tries = 1; ; tries += 1) {
    try {
      const mode = valueOf(database, "PRAGMA journal_mode = WAL");
      if (mode === "wal") return;
      throw new Refusal(`${path}: write-ahead logging was expected, the file system allows "${mode}"`);
    } catch (thrown) {
      if (thrown instanceof Refusal || tries === journalTries) throw thrown;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, journalWaitMs);
    }
  }
}

/** Brings the schema to the newest version, all or nothing; of several processes the first does it. */
function migrate(database: DatabaseSync, path: string): void {
  if (versionOf(database) === migrations.length) return;
  database.exec("BEGIN IMMEDIATE");
  const version = versionOf(database);
  if (version > migrations.length) {
    throw new Refusal(
      `${path}: a schema of version ${migrations.length} or older was expected, this one has version ${version}; ` +
        "it was made by a newer Tidewire",
    );
  }
  for (const step of migrations.slice(version)) database.exec(step);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}; COMMIT`);
}

const versionOf = (database: DatabaseSync): number => Number(valueOf(database, "PRAGMA user_version"));

function valueOf(database: DatabaseSync, sql: string): number | string {
  const value = Object.values(database.prepare(sql).get() ?? {})[0];
  return typeof value === "number" || typeof value === "string" ? value : "";
}

/** SQLite's primary result code (https://sqlite.org/rescode.html); `null` when it was not SQLite that threw. */
export function resultCode(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number") return null;
  return thrown.errcode & 0xff;
}

export const fullCode = 13;

/** Bytes of the file that hold something; what was deleted is used again. */
export function usedBytes(database: DatabaseSync): number {
  const pages = Number(valueOf(database, "PRAGMA page_count")) - Number(valueOf(database, "PRAGMA freelist_count"));
  return pages * Number(valueOf(database, "PRAGMA page_size"));
}

/** The file has grown as large as it may. */
export class StoreFull extends Error {}

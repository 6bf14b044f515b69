// Opens the database file: who may have it, whether it is ours, whether it is whole, and which schema it has.
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeFolder } from "@tidewire/protocol/ports";
import { reasonOf } from "../../ports/log.ts";
import { migrations } from "./schema.ts";

/** "TIDE" in ASCII, at byte 68 of the file. */
const applicationId = 0x54494445;

/** How long an opening waits for another process that is just closing the file. */
const lockWaitMs = 500;

/**
 * Up to this size every page is checked at the start, which takes a tenth of a second; a larger file is believed, and
 * a damaged page in it fails the requests that meet it.
 */
const checkUpToBytes = 64 * 1024 * 1024;

const pageBytes = 4096;

export interface DatabaseOptions {
  readonly path: string;
  readonly maxFileBytes: number | null;
}

/**
 * @returns The database, locked for this process until it is closed.
 * @throws {Error} in words for the operator.
 */
export function openDatabase(options: DatabaseOptions): DatabaseSync {
  const { path } = options;
  let database: DatabaseSync | null = null;
  try {
    makeFolder(dirname(path));
    database = new DatabaseSync(path, { timeout: lockWaitMs });
    prepareFile(database, options);
    return database;
  } catch (thrown) {
    database?.close();
    throw thrown instanceof Refusal ? thrown : new Error(explain(path, thrown), { cause: thrown });
  }
}

/** The file was understood, and is not to be used. */
class Refusal extends Error {}

function prepareFile(database: DatabaseSync, options: DatabaseOptions): void {
  const { path } = options;
  // Before anything is read: from the first read on the file is locked until it is closed. It also keeps SQLite from
  // making a shared-memory file, which some file systems cannot.
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  const isNew = checkOwner(database, path);
  const mode = numberOrText(database, "PRAGMA journal_mode = WAL");
  if (mode !== "wal") throw new Refusal(`${path}: write-ahead logging was expected, the file system allows "${mode}"`);
  // FULL: each commit is on the disk before it is acked. On macOS only a full sync reaches the disk.
  database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
  database.exec("PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768; PRAGMA trusted_schema = OFF");
  database.exec("PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864");
  if (options.maxFileBytes !== null) {
    database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(options.maxFileBytes / pageBytes))}`);
  }
  if (!isNew) checkWhole(database, path);
  migrate(database, path);
}

/** @returns Whether the file is empty, so that it becomes ours. */
function checkOwner(database: DatabaseSync, path: string): boolean {
  const owner = numberOrText(database, "PRAGMA application_id");
  if (owner === applicationId) return false;
  const tables = numberOrText(database, "SELECT count(*) FROM sqlite_schema");
  const version = numberOrText(database, "PRAGMA user_version");
  if (owner === 0 && tables === 0 && version === 0) return true;
  throw new Refusal(
    `${path}: a Tidewire database (application id ${applicationId}) was expected, ` +
      `this is a SQLite database of another program (application id ${owner}, ${tables} tables and indexes)`,
  );
}

function checkWhole(database: DatabaseSync, path: string): void {
  if (statSync(path).size > checkUpToBytes) return;
  const found = numberOrText(database, "PRAGMA quick_check(1)");
  if (found !== "ok")
    throw new Refusal(`${path}: a whole Tidewire database was expected, this one is damaged: ${found}`);
}

/** Brings the schema to the newest version, step by step, all or nothing. */
function migrate(database: DatabaseSync, path: string): void {
  const version = Number(numberOrText(database, "PRAGMA user_version"));
  if (version > migrations.length) {
    throw new Refusal(
      `${path}: a schema of version ${migrations.length} or older was expected, this one has version ${version}; ` +
        "it was made by a newer Tidewire",
    );
  }
  // With nothing to do nothing is written: a database on a full disk must open, so that its history can be read.
  if (version === migrations.length) return;
  database.exec("BEGIN IMMEDIATE");
  for (const step of migrations.slice(version)) database.exec(step);
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}; COMMIT`);
}

function numberOrText(database: DatabaseSync, sql: string): number | string {
  const value = Object.values(database.prepare(sql).get() ?? {})[0];
  return typeof value === "number" || typeof value === "string" ? value : "";
}

// https://sqlite.org/rescode.html
const sqlite = {
  permission: 3,
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  notADatabase: 26,
} as const;

const outages: ReadonlySet<number> = new Set(Object.values(sqlite));

/** Whether what was thrown says that the store does not work, and not that a statement is wrong. */
export function outageOf(thrown: unknown): "full" | "broken" | null {
  // The mark's file, which is not SQLite's.
  if (thrown instanceof Error && "syscall" in thrown && "code" in thrown) {
    return thrown.code === "ENOSPC" || thrown.code === "EDQUOT" ? "full" : "broken";
  }
  const code = resultCode(thrown);
  if (code === null || !outages.has(code)) return null;
  return code === sqlite.full ? "full" : "broken";
}

/** SQLite's primary result code: the low byte of the extended one. `null` when it was not SQLite that threw. */
function resultCode(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !("errcode" in thrown) || typeof thrown.errcode !== "number") return null;
  return thrown.errcode & 0xff;
}

const explanations: ReadonlyMap<number | null, string> = new Map([
  [sqlite.busy, "to be the only user of this database was expected, but another process or engine has it open"],
  [sqlite.notADatabase, "a Tidewire database was expected, this is a file of another kind"],
  [sqlite.corrupt, "a whole Tidewire database was expected, this one is damaged"],
  [sqlite.cannotOpen, "a file that can be read and written was expected"],
]);

function explain(path: string, thrown: unknown): string {
  const explanation = explanations.get(resultCode(thrown)) ?? "a database that opens was expected";
  return `${path}: ${explanation} (${reasonOf(thrown)})`;
}

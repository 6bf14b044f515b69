// Lets Kysely speak to node:sqlite: the small part of a driver's face that its SQLite dialect asks for.
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";

/** @param path A file, or `:memory:`. */
export function nodeSqliteDialect(path: string): SqliteDialect {
  return new SqliteDialect({ database: () => Promise.resolve(open(path)) });
}

function open(path: string): SqliteDatabase {
  const database = new DatabaseSync(path);
  // FULL: the channel's log survives a power cut, so what it tells of must survive one too.
  database.exec(
    "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma busy_timeout = 2000",
  );
  return {
    close: () => database.close(),
    // A transaction that reads before it writes fails at once when another process wrote in between, whatever the
    // timeout: so each takes the right to write first, and waits for it.
    prepare: (sql) => statement(database, sql === "begin" ? "begin immediate" : sql),
  };
}

function statement(database: DatabaseSync, sql: string): SqliteStatement {
  const prepared = database.prepare(sql);
  return {
    reader: prepared.columns().length > 0,
    all: (parameters) => prepared.all(...values(parameters)),
    run: (parameters) => prepared.run(...values(parameters)),
    iterate: (parameters) => prepared.iterate(...values(parameters)),
  };
}

function values(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint")
      return value;
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`a database parameter is a text, a number or bytes, got ${typeof value}`);
  });
}

// Opens Harbor's database and brings its tables up to date.
import { Kysely } from "kysely";
import { Migrator } from "kysely/migration";
import { migrations } from "./migrations.ts";
import { nodeSqliteDialect } from "./node-sqlite.ts";
import type { Database, Tables } from "./schema.ts";

/** @param path A file, or `:memory:`. @throws when the file cannot be opened or a migration fails. */
export async function openDatabase(path: string): Promise<Database> {
  const db = new Kysely<Tables>({ dialect: nodeSqliteDialect(path) });
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return db;
  await db.destroy();
  throw new Error(`the database at ${path} could not be brought up to date`, { cause: error });
}

// The numbers of the lab in the database: which were made for whom. The list that a page is checked against.
import type { Database } from "./schema.ts";

/** More than an hour of them; older ones are dropped. */
const mostKept = 20_000;
/** How many are made between two looks for old ones. */
const dropEvery = 1_000;

export interface LabNumber {
  readonly number: number;
  readonly madeAtMs: number;
}

/** Keeps a number before it is published, and now and then drops those that are too old. */
export async function keepNumber(db: Database, guest: string, { number, madeAtMs }: LabNumber): Promise<void> {
  await db.insertInto("lab_numbers").values({ guest, number, made_at_ms: madeAtMs }).execute();
  if (number % dropEvery !== 0) return;
  await db
    .deleteFrom("lab_numbers")
    .where("guest", "=", guest)
    .where("number", "<=", number - mostKept)
    .execute();
}

export async function lastNumberOf(db: Database, guest: string): Promise<LabNumber | null> {
  const row = await db
    .selectFrom("lab_numbers")
    .select(["number", "made_at_ms"])
    .where("guest", "=", guest)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : { number: row.number, madeAtMs: row.made_at_ms };
}

/** In order, `limit` at most. */
export async function readNumbers(
  db: Database,
  wanted: { guest: string; from: number; limit: number },
): Promise<readonly number[]> {
  const rows = await db
    .selectFrom("lab_numbers")
    .select("number")
    .where("guest", "=", wanted.guest)
    .where("number", ">=", wanted.from)
    .orderBy("number")
    .limit(wanted.limit)
    .execute();
  return rows.map((row) => row.number);
}

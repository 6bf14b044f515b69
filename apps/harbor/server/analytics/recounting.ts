// Counts everything again from the log, in another way than message by message, and says whether the two agree.
import { sql, type Transaction } from "kysely";
import { minuteMs } from "../../contract/analytics.ts";
import type { Database } from "../data/schema.ts";
import { countBatch, moveTo, topsOf } from "./counting.ts";
import type { Analytics, AnalyticsTables } from "./tables.ts";

export interface Recounted {
  readonly messages: number;
  /** Rows that were there before and are not now, and the other way round. */
  readonly differences: number;
}

export interface Recounting {
  readonly signal: AbortSignal;
  readonly progress: (rooms: number, of: number) => Promise<void>;
}

type Tx = Transaction<AnalyticsTables>;

const counted = ["room_minutes", "person_minutes"] as const;
/** Rows of one statement: SQLite takes 32,766 values in it. */
const rowsAtOnce = 5_000;

/** In one transaction: whoever looks meanwhile sees what was there before, and so does everybody when this one is killed. */
export async function recountMessages(analytics: Analytics, db: Database, given: Recounting): Promise<Recounted> {
  return await analytics.transaction().execute(async (tx) => {
    const tops = await topsOf(db);
    for (const { id, last_seq: top } of tops) await catchUp(tx, db, { room: id, top });
    for (const table of counted) {
      await sql`CREATE TEMP TABLE ${sql.raw(`was_${table}`)} AS SELECT * FROM ${sql.table(table)}`.execute(tx);
      await tx.deleteFrom(table).execute();
    }
    await tx.deleteFrom("places").execute();
    let messages = 0;
    for (const [index, { id, last_seq: top }] of tops.entries()) {
      given.signal.throwIfAborted();
      messages += await countRoom(tx, db, { room: id, top });
      await moveTo(tx, { room: id, seq: top });
      await given.progress(index + 1, tops.length);
    }
    let differences = 0;
    for (const table of counted) differences += await differencesOf(tx, table);
    return { messages, differences };
  });
}

/** So that both ways stand at the same place. */
async function catchUp(tx: Tx, db: Database, to: { readonly room: string; readonly top: number }): Promise<void> {
  for (let place = -1; place < to.top;) place = await countBatch(tx, db, to);
}

async function countRoom(
  tx: Tx,
  db: Database,
  { room, top }: { readonly room: string; readonly top: number },
): Promise<number> {
  const ofRoom = db.selectFrom("messages").where("room", "=", room).where("seq", "<=", top);
  const minute = sql<number>`at_ms - at_ms % ${sql.lit(minuteMs)}`;
  const minutes = await ofRoom
    .select(({ fn }) => [minute.as("minute_ms"), fn.countAll<number>().as("messages")])
    .groupBy("minute_ms")
    .execute();
  for (const rows of portions(minutes)) {
    await tx
      .insertInto("room_minutes")
      .values(rows.map((row) => ({ ...row, room })))
      .execute();
  }
  const people = await ofRoom
    .select([minute.as("minute_ms"), "author_id as person"])
    .distinct()
    .execute();
  for (const rows of portions(people)) {
    await tx
      .insertInto("person_minutes")
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  return minutes.reduce((sum, { messages }) => sum + messages, 0);
}

function* portions<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let from = 0; from < rows.length; from += rowsAtOnce) yield rows.slice(from, from + rowsAtOnce);
}

/** The table of before goes with it. */
async function differencesOf(tx: Tx, table: (typeof counted)[number]): Promise<number> {
  const was = sql.raw(`temp.was_${table}`);
  const is = sql.raw(`main.${table}`);
  const { rows } = await sql<{ readonly n: number }>`SELECT
    (SELECT count(*) FROM (SELECT * FROM ${was} EXCEPT SELECT * FROM ${is})) +
    (SELECT count(*) FROM (SELECT * FROM ${is} EXCEPT SELECT * FROM ${was})) AS n`.execute(tx);
  await sql`DROP TABLE ${was}`.execute(tx);
  return rows[0]?.n ?? 0;
}

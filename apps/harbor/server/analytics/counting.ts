// Counts messages by following the log of each room: each message once, whoever counts, and however often one is killed.
import type { Transaction } from "kysely";
import { minuteMs } from "../../contract/analytics.ts";
import type { Database } from "../data/schema.ts";
import type { Analytics, AnalyticsTables } from "./tables.ts";

/** Messages that one transaction counts. */
const batch = 1_000;

export const minuteOf = (atMs: number): number => atMs - (atMs % minuteMs);

/** The newest message's number of each room. Numbers have no hole, and one that is there is there to stay. */
export async function topsOf(db: Database): Promise<readonly { readonly id: string; readonly last_seq: number }[]> {
  return await db.selectFrom("rooms").select(["id", "last_seq"]).orderBy("id").execute();
}

/** Counts what is not counted yet, in all rooms. */
export async function countMessages(analytics: Analytics, db: Database, signal: AbortSignal): Promise<void> {
  const places = new Map(
    (await analytics.selectFrom("places").selectAll().execute()).map((row) => [row.room, row.seq]),
  );
  for (const { id, last_seq: top } of await topsOf(db)) {
    for (let place = places.get(id) ?? 0; place < top;) {
      signal.throwIfAborted();
      place = await analytics.transaction().execute(async (tx) => await countBatch(tx, db, { room: id, top }));
    }
  }
}

/** Counts the next messages of a room up to `top`. @returns How far it is counted then. */
export async function countBatch(
  tx: Transaction<AnalyticsTables>,
  db: Database,
  { room, top }: { readonly room: string; readonly top: number },
): Promise<number> {
  // Read in the transaction that moves it: of two workers the second begins where the first has ended.
  const place = (await tx.selectFrom("places").select("seq").where("room", "=", room).executeTakeFirst())?.seq ?? 0;
  const messages = await db
    .selectFrom("messages")
    .select(["seq", "author_id", "at_ms"])
    .where("room", "=", room)
    .where("seq", ">", place)
    .where("seq", "<=", top)
    .orderBy("seq")
    .limit(batch)
    .execute();
  const last = messages.at(-1);
  if (last === undefined) return top;
  const counts = new Map<number, number>();
  for (const { at_ms } of messages) counts.set(minuteOf(at_ms), (counts.get(minuteOf(at_ms)) ?? 0) + 1);
  for (const [minute, count] of counts) await addMessages(tx, { minute_ms: minute, room, messages: count });
  const people = new Map(
    messages.map(({ author_id: person, at_ms }) => [
      `${minuteOf(at_ms)} ${person}`,
      { minute_ms: minuteOf(at_ms), person },
    ]),
  );
  await tx
    .insertInto("person_minutes")
    .values([...people.values()])
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await moveTo(tx, { room, seq: last.seq });
  return last.seq;
}

async function addMessages(tx: Transaction<AnalyticsTables>, row: AnalyticsTables["room_minutes"]): Promise<void> {
  await tx
    .insertInto("room_minutes")
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(["minute_ms", "room"])
        .doUpdateSet((expression) => ({ messages: expression("room_minutes.messages", "+", row.messages) })),
    )
    .execute();
}

export async function moveTo(tx: Transaction<AnalyticsTables>, place: AnalyticsTables["places"]): Promise<void> {
  await tx
    .insertInto("places")
    .values(place)
    .onConflict((conflict) => conflict.column("room").doUpdateSet({ seq: place.seq }))
    .execute();
}

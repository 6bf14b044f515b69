// Guests: people who came in with a name alone.
import { randomBytes } from "node:crypto";
import { nameKey } from "../../contract/person.ts";
import type { Database, GuestRow } from "./schema.ts";

/** What was said before somebody came is not unread to them. */
export async function addGuest(db: Database, name: string): Promise<GuestRow> {
  const guest = {
    id: `guest_${randomBytes(12).toString("base64url")}`,
    name,
    name_key: nameKey(name),
    created_at_ms: Date.now(),
    left_at_ms: null,
  };
  return await db.transaction().execute(async (tx) => {
    await tx.insertInto("guests").values(guest).execute();
    await tx
      .insertInto("reads")
      .columns(["guest", "room", "seq"])
      .expression(tx.selectFrom("rooms").select((row) => [row.val(guest.id).as("guest"), "id", "last_seq"]))
      .execute();
    return guest;
  });
}

/** `null` for somebody unknown, and for somebody who has left. */
export async function findGuest(db: Database, id: string): Promise<GuestRow | null> {
  const found = await db.selectFrom("guests").selectAll().where("id", "=", id).executeTakeFirst();
  return found === undefined || found.left_at_ms !== null ? null : found;
}

/**
 * Who has one of these names, by its key. Of several who do it is the one who came last: people come in again under the name
 * they had.
 */
export async function findNamed(db: Database, keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .selectFrom("guests")
    .innerJoin(
      (guests) =>
        guests
          .selectFrom("guests")
          .select((row) => ["name_key as key", row.fn.max("created_at_ms").as("newest_ms")])
          .where("name_key", "in", keys)
          .where("left_at_ms", "is", null)
          .groupBy("name_key")
          .as("newest"),
      (join) => join.onRef("guests.name_key", "=", "newest.key").onRef("guests.created_at_ms", "=", "newest.newest_ms"),
    )
    .select(["guests.name_key", "guests.id"])
    .where("guests.left_at_ms", "is", null)
    .orderBy("guests.id")
    .execute();
  return new Map(rows.map((row) => [row.name_key, row.id]));
}

export async function guestLeaves(db: Database, id: string): Promise<void> {
  await db
    .updateTable("guests")
    .set({ left_at_ms: Date.now() })
    .where("id", "=", id)
    .where("left_at_ms", "is", null)
    .execute();
}

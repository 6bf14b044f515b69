// Rooms in the database: listing, making, and how far each guest has read.
import { randomBytes } from "node:crypto";
import type { Author } from "../../contract/person.ts";
import type { ListedRoom, Room } from "../../contract/rooms.ts";
import type { Database, RoomRow } from "./schema.ts";

export async function listRoomsFor(db: Database, guest: string): Promise<readonly ListedRoom[]> {
  const rows = await db
    .selectFrom("rooms")
    .leftJoin("reads", (join) => join.onRef("reads.room", "=", "rooms.id").on("reads.guest", "=", guest))
    .selectAll("rooms")
    .select("reads.seq as read_seq")
    .orderBy("rooms.created_at_ms")
    .orderBy("rooms.id")
    .execute();
  return rows.map((row) => ({ ...roomFrom(row), lastSeq: row.last_seq, readSeq: row.read_seq ?? 0 }));
}

export async function roomExists(db: Database, id: string): Promise<boolean> {
  return (await db.selectFrom("rooms").select("id").where("id", "=", id).executeTakeFirst()) !== undefined;
}

export async function findRoom(db: Database, id: string): Promise<Room | null> {
  const row = await db.selectFrom("rooms").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? null : roomFrom(row);
}

/** Makes a room. Its id is the name as an address, with something random added when that is taken or nothing is left of it. */
export async function addRoom(db: Database, given: { name: string; topic: string; by: Author }): Promise<Room> {
  const slug = addressOf(given.name);
  const candidates = [slug, withSuffix(slug), withSuffix(slug), withSuffix(slug)].filter((id) => id !== "");
  for (const id of candidates) {
    const row: RoomRow = {
      id,
      name: given.name,
      topic: given.topic,
      created_by: given.by.id,
      created_by_name: given.by.name,
      created_at_ms: Date.now(),
      last_seq: 0,
      published: 0,
    };
    const inserted = await db
      .insertInto("rooms")
      .values(row)
      .onConflict((conflict) => conflict.column("id").doNothing())
      .executeTakeFirst();
    if ((inserted.numInsertedOrUpdatedRows ?? 0n) > 0n) return roomFrom(row);
  }
  throw new Error("no free address for a room was found");
}

/** Moves the marker forward, never back, and not past the room's newest message. */
export async function markReadUpTo(db: Database, mark: { guest: string; room: string; seq: number }): Promise<number> {
  return await db.transaction().execute(async (tx) => {
    const room = await tx.selectFrom("rooms").select("last_seq").where("id", "=", mark.room).executeTakeFirst();
    const seq = Math.min(mark.seq, room?.last_seq ?? 0);
    if (room === undefined) return 0;
    await tx
      .insertInto("reads")
      .values({ guest: mark.guest, room: mark.room, seq })
      .onConflict((conflict) => conflict.columns(["guest", "room"]).doUpdateSet({ seq }).where("reads.seq", "<", seq))
      .execute();
    return seq;
  });
}

export async function readUpTo(db: Database, mark: { guest: string; room: string }): Promise<number> {
  const row = await db
    .selectFrom("reads")
    .select("seq")
    .where("guest", "=", mark.guest)
    .where("room", "=", mark.room)
    .executeTakeFirst();
  return row?.seq ?? 0;
}

export async function unpublishedRooms(db: Database, limit: number): Promise<readonly Room[]> {
  const rows = await db
    .selectFrom("rooms")
    .selectAll()
    .where("published", "=", 0)
    .orderBy("created_at_ms")
    .limit(limit)
    .execute();
  return rows.map(roomFrom);
}

export async function markRoomPublished(db: Database, id: string): Promise<void> {
  await db.updateTable("rooms").set({ published: 1 }).where("id", "=", id).execute();
}

function roomFrom(row: RoomRow): Room {
  const { id, name, topic, created_by, created_by_name, created_at_ms } = row;
  const createdBy = created_by === null || created_by_name === null ? null : { id: created_by, name: created_by_name };
  return { id, name, topic, createdBy, createdAtMs: created_at_ms };
}

function addressOf(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  return plain.slice(0, 40).replaceAll(/^-+|-+$/g, "");
}

function withSuffix(slug: string): string {
  const random = randomBytes(3).toString("hex");
  return slug === "" ? `room-${random}` : `${slug}-${random}`;
}

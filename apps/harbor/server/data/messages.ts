// Messages in the database: each has a number in its room, and is kept before anybody hears of it.
import { randomBytes } from "node:crypto";
import { fail } from "@tidewire/protocol";
import type { ChatMessage } from "../../contract/chat.ts";
import type { Author } from "../../contract/person.ts";
import type { Database, MessageRow } from "./schema.ts";

export interface NewMessage {
  readonly room: string;
  readonly author: Author;
  readonly text: string;
  readonly nonce: string;
}

/**
 * Keeps a message, not yet published. The same author and nonce again give the message that is there already.
 * @param alongside What else belongs to a message that is new, in the same transaction.
 * @throws {TidewireError} `unknown_channel` for a room that does not exist, `conflict` for a nonce used for something else.
 */
export async function keepMessage(
  db: Database,
  given: NewMessage,
  alongside?: (transaction: Database, message: ChatMessage) => Promise<void>,
): Promise<{ message: ChatMessage; duplicate: boolean }> {
  return await db.transaction().execute(async (tx) => {
    const before = await tx
      .selectFrom("messages")
      .selectAll()
      .where("author_id", "=", given.author.id)
      .where("nonce", "=", given.nonce)
      .executeTakeFirst();
    if (before !== undefined) {
      if (before.room !== given.room || before.text !== given.text)
        fail("conflict", "this nonce was used for another message");
      return { message: messageFrom(before), duplicate: true };
    }
    // Taking the number locks the room's row, so numbers of one room are given one at a time, without a hole.
    const room = await tx
      .updateTable("rooms")
      .set((expression) => ({ last_seq: expression("last_seq", "+", 1) }))
      .where("id", "=", given.room)
      .returning("last_seq")
      .executeTakeFirst();
    if (room === undefined) fail("unknown_channel", "there is no such room");
    const row: MessageRow = {
      room: given.room,
      seq: room.last_seq,
      id: `m_${randomBytes(12).toString("base64url")}`,
      author_id: given.author.id,
      author_name: given.author.name,
      nonce: given.nonce,
      text: given.text,
      at_ms: Date.now(),
      published: 0,
    };
    await tx.insertInto("messages").values(row).execute();
    const message = messageFrom(row);
    await alongside?.(tx, message);
    return { message, duplicate: false };
  });
}

export async function findMessage(db: Database, id: string): Promise<ChatMessage | null> {
  const row = await db.selectFrom("messages").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? null : messageFrom(row);
}

export interface HistoryRequest {
  readonly room: string;
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

/** Ascending. The newest below `before`, the oldest above `after`, or the newest. */
export async function readMessages(db: Database, wanted: HistoryRequest): Promise<readonly ChatMessage[]> {
  const forward = wanted.after !== undefined;
  const query = db
    .selectFrom("messages")
    .selectAll()
    .where("room", "=", wanted.room)
    .$if(wanted.before !== undefined, (all) => all.where("seq", "<", wanted.before ?? 0))
    .$if(forward, (all) => all.where("seq", ">", wanted.after ?? 0));
  const rows = await query
    .orderBy("seq", forward ? "asc" : "desc")
    .limit(wanted.limit)
    .execute();
  return (forward ? rows : rows.reverse()).map(messageFrom);
}

export async function lastSeqOf(db: Database, room: string): Promise<number> {
  const row = await db.selectFrom("rooms").select("last_seq").where("id", "=", room).executeTakeFirst();
  return row?.last_seq ?? 0;
}

export async function unpublishedMessages(db: Database, room: string, limit: number): Promise<readonly ChatMessage[]> {
  const rows = await db
    .selectFrom("messages")
    .selectAll()
    .where("room", "=", room)
    .where("published", "=", 0)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return rows.map(messageFrom);
}

/** @param keptBeforeMs Younger messages are on their way. */
export async function roomsWithUnpublished(db: Database, keptBeforeMs: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("messages")
    .select("room")
    .distinct()
    .where("published", "=", 0)
    .where("at_ms", "<=", keptBeforeMs)
    .execute();
  return rows.map((row) => row.room);
}

export async function markMessagePublished(db: Database, message: { room: string; seq: number }): Promise<void> {
  await db
    .updateTable("messages")
    .set({ published: 1 })
    .where("room", "=", message.room)
    .where("seq", "=", message.seq)
    .execute();
}

function messageFrom(row: MessageRow): ChatMessage {
  const { id, room, seq, text, nonce } = row;
  return { id, room, seq, author: { id: row.author_id, name: row.author_name }, text, atMs: row.at_ms, nonce };
}

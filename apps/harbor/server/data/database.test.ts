// Harbor's data on a real database: numbers without holes, nothing twice, markers that only go forward.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { TidewireError } from "@tidewire/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addGuest, findGuest, guestLeaves } from "./guests.ts";
import { keepMessage, lastSeqOf, markMessagePublished, readMessages, unpublishedMessages } from "./messages.ts";
import { openDatabase } from "./open-database.ts";
import { addRoom, listRoomsFor, markReadUpTo, roomExists } from "./rooms.ts";
import type { Database } from "./schema.ts";

const ada = { id: "guest_ada", name: "Ada" };

let folder: string;
let db: Database;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-data-"));
  db = await openDatabase(path.join(folder, "harbor.db"));
});

afterEach(async () => {
  await db.destroy();
  rmSync(folder, { recursive: true });
});

function say(text: string, nonce: string, room = "harbour"): ReturnType<typeof keepMessage> {
  return keepMessage(db, { room, author: ada, text, nonce });
}

async function saySome(count: number): Promise<void> {
  for (let index = 1; index <= count; index += 1) await say(`message ${index}`, `nonce-${index}`);
}

describe("messages", () => {
  it("are numbered 1, 2, 3 in each room, also when many come at once", async () => {
    await Promise.all(Array.from({ length: 50 }, (_, index) => say(`message ${index}`, `nonce-${index}`)));
    await say("elsewhere", "nonce-else", "workshop");
    const seqs = (await readMessages(db, { room: "harbour", limit: 100 })).map((message) => message.seq);
    expect(seqs).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await lastSeqOf(db, "workshop")).toBe(1);
  });

  it("with the same author and nonce are one message", async () => {
    const [first, again] = await Promise.all([say("hello", "nonce-1"), say("hello", "nonce-1")]);
    expect(again.message).toEqual(first.message);
    expect([first.duplicate, again.duplicate].filter(Boolean)).toEqual([true]);
    expect(await lastSeqOf(db, "harbour")).toBe(1);
    const other = await keepMessage(db, {
      room: "harbour",
      author: { id: "guest_bo", name: "Bo" },
      text: "hello",
      nonce: "nonce-1",
    });
    expect(other.duplicate).toBe(false);
  });

  it("refuse a nonce that was used for something else", async () => {
    await say("hello", "nonce-1");
    await expect(say("goodbye", "nonce-1")).rejects.toMatchObject({ reason: "conflict" });
    await expect(say("hello", "nonce-1", "workshop")).rejects.toMatchObject({ reason: "conflict" });
  });

  it("are not kept for a room that does not exist, and take no number", async () => {
    await expect(say("hello", "nonce-1", "nowhere")).rejects.toBeInstanceOf(TidewireError);
    expect((await say("hello", "nonce-1")).message.seq).toBe(1);
  });

  it("are read by pages in both directions", async () => {
    await saySome(12);
    const read = async (wanted: { before?: number; after?: number }): Promise<number[]> =>
      (await readMessages(db, { room: "harbour", limit: 5, ...wanted })).map((message) => message.seq);
    expect(await read({})).toEqual([8, 9, 10, 11, 12]);
    expect(await read({ before: 8 })).toEqual([3, 4, 5, 6, 7]);
    expect(await read({ before: 3 })).toEqual([1, 2]);
    expect(await read({ after: 9 })).toEqual([10, 11, 12]);
    expect(await read({ after: 0 })).toEqual([1, 2, 3, 4, 5]);
  });

  it("survive a reopening, with what was published and what was not", async () => {
    await saySome(3);
    await markMessagePublished(db, { room: "harbour", seq: 1 });
    await db.destroy();
    db = await openDatabase(path.join(folder, "harbor.db"));
    expect((await unpublishedMessages(db, "harbour", 10)).map((message) => message.seq)).toEqual([2, 3]);
  });
});

describe("rooms", () => {
  it("get an address from their name, another one when it is taken, and one from nothing", async () => {
    const first = await addRoom(db, { name: "Deck Crew!", topic: "", by: ada });
    const second = await addRoom(db, { name: "deck crew", topic: "", by: ada });
    const arabic = await addRoom(db, { name: "غرفة", topic: "", by: ada });
    expect(first.id).toBe("deck-crew");
    expect(second.id).toMatch(/^deck-crew-[0-9a-f]{6}$/);
    expect(arabic.id).toMatch(/^room-[0-9a-f]{6}$/);
    expect(await roomExists(db, first.id)).toBe(true);
  });

  it("count what is unread from when somebody came, and markers only go forward", async () => {
    await saySome(4);
    const guest = await addGuest(db, "Bo");
    const unread = async (): Promise<number> => {
      const room = (await listRoomsFor(db, guest.id)).find((each) => each.id === "harbour");
      return (room?.lastSeq ?? 0) - (room?.readSeq ?? 0);
    };
    expect(await unread()).toBe(0);
    await say("new", "nonce-new");
    expect(await unread()).toBe(1);
    expect(await markReadUpTo(db, { guest: guest.id, room: "harbour", seq: 99 })).toBe(5);
    await markReadUpTo(db, { guest: guest.id, room: "harbour", seq: 2 });
    expect(await unread()).toBe(0);
    expect(await markReadUpTo(db, { guest: guest.id, room: "nowhere", seq: 2 })).toBe(0);
  });
});

describe("guests", () => {
  it("are unknown once they have left", async () => {
    const guest = await addGuest(db, "Bo");
    expect(await findGuest(db, guest.id)).toMatchObject({ name: "Bo" });
    await guestLeaves(db, guest.id);
    expect(await findGuest(db, guest.id)).toBeNull();
    expect(await findGuest(db, "guest_nobody")).toBeNull();
  });
});

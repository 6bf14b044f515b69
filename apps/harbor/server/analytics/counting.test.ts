// Following the log and counting it all again, on real databases: the two agree, whatever happens in between.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { minuteMs } from "../../contract/analytics.ts";
import { openDatabase } from "../data/open-database.ts";
import type { Database } from "../data/schema.ts";
import { countBatch, countMessages } from "./counting.ts";
import { type Recounted, recountMessages } from "./recounting.ts";
import { type Analytics, openAnalytics } from "./tables.ts";

const startMs = 1_767_225_600_000;
const { signal } = new AbortController();

let folder: string;
let db: Database;
let analytics: Analytics;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "harbor-analytics-"));
  db = await openDatabase(path.join(folder, "harbor.db"));
  analytics = await openAnalytics(path.join(folder, "analytics.db"));
  onTestFinished(async () => {
    await analytics.destroy();
    await db.destroy();
    rmSync(folder, { recursive: true });
  });
});

interface Said {
  readonly room: "harbour" | "workshop";
  readonly person: string;
  /** Since the beginning. */
  readonly afterMs: number;
}

/** As `keepMessage` does it, at times of the test's own. */
async function say(messages: readonly Said[]): Promise<void> {
  await db.transaction().execute(async (tx) => {
    for (const { room, person, afterMs } of messages) {
      const { last_seq: seq } = await tx
        .updateTable("rooms")
        .set((expression) => ({ last_seq: expression("last_seq", "+", 1) }))
        .where("id", "=", room)
        .returning("last_seq")
        .executeTakeFirstOrThrow();
      const id = `${room}-${seq}`;
      const [author_id, author_name, text] = [person, person, "hello"];
      const row = { room, seq, id, author_id, author_name, nonce: id, text, at_ms: startMs + afterMs, published: 1 };
      await tx.insertInto("messages").values(row).execute();
    }
  });
}

async function counted(): Promise<{ rooms: readonly object[]; people: readonly object[] }> {
  return {
    rooms: await analytics.selectFrom("room_minutes").selectAll().orderBy("minute_ms").orderBy("room").execute(),
    people: await analytics.selectFrom("person_minutes").selectAll().orderBy("minute_ms").orderBy("person").execute(),
  };
}

const recounted = (): Promise<Recounted> =>
  recountMessages(analytics, db, { signal, progress: () => Promise.resolve() });

describe("counting", () => {
  it("goes as far as it is told, whatever has come since", async () => {
    await say([0, 1, 2].map((afterMs) => ({ room: "harbour", person: "ada", afterMs })));
    const to = { room: "harbour", top: 2 };
    expect(await analytics.transaction().execute((tx) => countBatch(tx, db, to))).toBe(2);
    expect((await counted()).rooms).toMatchObject([{ messages: 2 }]);
  });

  it("adds up messages by room and minute, and people by minute", async () => {
    await say([
      { room: "harbour", person: "ada", afterMs: 0 },
      { room: "harbour", person: "ada", afterMs: minuteMs - 1 },
      { room: "workshop", person: "bo", afterMs: 5 },
      { room: "harbour", person: "bo", afterMs: minuteMs },
    ]);
    await countMessages(analytics, db, signal);
    await countMessages(analytics, db, signal);
    expect(await counted()).toEqual({
      rooms: [
        { minute_ms: startMs, room: "harbour", messages: 2 },
        { minute_ms: startMs, room: "workshop", messages: 1 },
        { minute_ms: startMs + minuteMs, room: "harbour", messages: 1 },
      ],
      people: [
        { minute_ms: startMs, person: "ada" },
        { minute_ms: startMs, person: "bo" },
        { minute_ms: startMs + minuteMs, person: "bo" },
      ],
    });
  });

  it("by several jobs at once counts each message once", async () => {
    await say(Array.from({ length: 3_500 }, (_, index) => ({ room: "harbour", person: "ada", afterMs: index * 40 })));
    await Promise.all([1, 2, 3].map(() => countMessages(analytics, db, signal)));
    expect(await recounted()).toEqual({ messages: 3_500, differences: 0 });
  });

  it("stops where it is told to, and goes on from there", async () => {
    await say(Array.from({ length: 10 }, () => ({ room: "harbour", person: "ada", afterMs: 0 })));
    await expect(countMessages(analytics, db, AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
    await countMessages(analytics, db, signal);
    expect((await counted()).rooms).toEqual([{ minute_ms: startMs, room: "harbour", messages: 10 }]);
  });
});

describe("counting everything again", () => {
  it("gives what following the log has given, in whatever portions that was", { timeout: 60_000 }, async () => {
    const said = fc.record({
      room: fc.constantFrom("harbour" as const, "workshop" as const),
      person: fc.constantFrom("ada", "bo", "cy"),
      afterMs: fc.nat(5 * minuteMs),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(said, { maxLength: 30 }), { minLength: 1, maxLength: 4 }),
        async (portions) => {
          for (const portion of portions) {
            await say(portion);
            await countMessages(analytics, db, signal);
          }
          const before = await counted();
          expect((await recounted()).differences).toBe(0);
          expect(await counted()).toEqual(before);
        },
      ),
      { numRuns: 15 },
    );
  });

  it("counts what was not counted yet, and that is no difference", async () => {
    await say([{ room: "harbour", person: "ada", afterMs: 0 }]);
    expect(await recounted()).toEqual({ messages: 1, differences: 0 });
    await countMessages(analytics, db, signal);
    expect((await counted()).rooms).toEqual([{ minute_ms: startMs, room: "harbour", messages: 1 }]);
  });

  it("repairs what is wrong, and says how much it was", async () => {
    await say([
      { room: "harbour", person: "ada", afterMs: 0 },
      { room: "workshop", person: "bo", afterMs: 0 },
    ]);
    await countMessages(analytics, db, signal);
    const before = await counted();
    await analytics.updateTable("room_minutes").set({ messages: 7 }).where("room", "=", "harbour").execute();
    await analytics.deleteFrom("person_minutes").where("person", "=", "bo").execute();
    await analytics.insertInto("room_minutes").values({ minute_ms: 0, room: "nowhere", messages: 1 }).execute();
    // Another one where it was 1, one too few, and one too many.
    expect(await recounted()).toEqual({ messages: 2, differences: 4 });
    expect(await counted()).toEqual(before);
  });

  it("ends where it is told to, and has changed nothing", async () => {
    await say([{ room: "harbour", person: "ada", afterMs: 0 }]);
    const given = { signal: AbortSignal.abort(new Error("enough")), progress: () => Promise.resolve() };
    await expect(recountMessages(analytics, db, given)).rejects.toThrow("enough");
    expect(await counted()).toEqual({ rooms: [], people: [] });
  });

  it("that fails in the middle has changed nothing, and can be done again", async () => {
    await say([{ room: "harbour", person: "ada", afterMs: 0 }]);
    await countMessages(analytics, db, signal);
    const before = await counted();
    const progress = () => Promise.reject(new Error("the worker has ended"));
    await expect(recountMessages(analytics, db, { signal, progress })).rejects.toThrow("the worker has ended");
    expect(await counted()).toEqual(before);
    expect(await recounted()).toEqual({ messages: 1, differences: 0 });
  });
});

// The overview: the rooms with the most to say, all others as one, and gaps where nobody looked.
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { analytics as channel, minuteMs, minutesShown } from "../../contract/analytics.ts";
import { openDatabase } from "../data/open-database.ts";
import { addRoom } from "../data/rooms.ts";
import type { Database } from "../data/schema.ts";
import { readOverview } from "./overview.ts";
import { type Analytics, openAnalytics } from "./tables.ts";

const nowMs = 1_767_225_600_000 + 12_345;
const thisMinuteMs = 1_767_225_600_000;
const last = minutesShown - 1;

let db: Database;
let analytics: Analytics;
beforeEach(async () => {
  [db, analytics] = [await openDatabase(":memory:"), await openAnalytics(":memory:")];
  onTestFinished(async () => {
    await db.destroy();
    await analytics.destroy();
  });
});

it("names the five rooms with the most messages, and makes one of all others", async () => {
  for (let number = 1; number <= 7; number += 1) {
    const { id: room } = await addRoom(db, { name: `Room ${number}`, topic: "", by: { id: "ada", name: "Ada" } });
    const row = { minute_ms: thisMinuteMs - number * minuteMs, room, messages: number };
    await analytics.insertInto("room_minutes").values(row).execute();
  }
  const { rooms } = await readOverview(analytics, db, nowMs);
  expect(rooms.map(({ name }) => name)).toEqual(["Room 7", "Room 6", "Room 5", "Room 4", "Room 3", "2 other rooms"]);
  expect(rooms[0]?.messages[last - 7]).toBe(7);
  expect(rooms.at(-1)).toMatchObject({ id: null });
  expect(rooms.at(-1)?.messages.slice(-3)).toEqual([2, 1, 0]);
});

it("leaves out what is an hour old, and what a clock that runs ahead has written", async () => {
  for (const minute_ms of [thisMinuteMs - minutesShown * minuteMs, thisMinuteMs + minuteMs, thisMinuteMs]) {
    await analytics.insertInto("room_minutes").values({ minute_ms, room: "harbour", messages: 3 }).execute();
    await analytics.insertInto("person_minutes").values({ minute_ms, person: "ada" }).execute();
  }
  const { rooms, people, activePeople } = await readOverview(analytics, db, nowMs);
  expect(rooms[0]?.messages.filter((count) => count > 0)).toEqual([3]);
  expect(rooms[0]?.messages[last]).toBe(3);
  expect([people[last], activePeople]).toEqual([1, 1]);
});

it("adds the nodes up, has a gap for a minute in which nobody looked, and says how much waits", async () => {
  const reading = (deliveries: number) =>
    JSON.stringify({ startedS: 1, deliveries, accepted: { "0.001": 10, "0.002": 10, "+Inf": 10 } });
  const minute_ms = thisMinuteMs - 2 * minuteMs;
  await analytics
    .insertInto("node_minutes")
    .values([
      { minute_ms, node: "a", reading: reading(5) },
      { minute_ms, node: "b", reading: reading(7) },
    ])
    .execute();
  await db.updateTable("rooms").set({ last_seq: 9 }).where("id", "=", "harbour").execute();
  await analytics.insertInto("places").values({ room: "harbour", seq: 4 }).execute();
  const overview = await readOverview(analytics, db, nowMs);
  expect(overview.deliveries.slice(-4)).toEqual([null, 12, null, null]);
  expect(overview.acceptedMs.half[last - 2]).toBeCloseTo(0.5);
  expect([overview.counted, overview.waiting]).toEqual([4, 5]);
  // And it is what the channel carries.
  expect(await channel.dataSchema?.["~standard"].validate(overview)).toHaveProperty("value");
});

it("has nothing waiting where more is counted than there was when the rooms were read", async () => {
  await db.updateTable("rooms").set({ last_seq: 3 }).where("id", "=", "harbour").execute();
  await analytics.insertInto("places").values({ room: "harbour", seq: 4 }).execute();
  expect(await readOverview(analytics, db, nowMs)).toMatchObject({ counted: 4, waiting: 0 });
});

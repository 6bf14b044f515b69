// The overview that the page shows, out of the tables.
import { minuteMs, minutesShown, type Overview, roomsShown } from "../../contract/analytics.ts";
import type { Database } from "../data/schema.ts";
import { minuteOf } from "./counting.ts";
import { added, quantileMs, type Reading } from "./metrics-text.ts";
import type { Analytics } from "./tables.ts";

type Series = Overview["rooms"][number];

const minutes = Array.from({ length: minutesShown }, (_none, index) => index);

export async function readOverview(analytics: Analytics, db: Database, nowMs: number): Promise<Overview> {
  const fromMs = minuteOf(nowMs) - (minutesShown - 1) * minuteMs;
  const [rooms, places] = await Promise.all([
    db.selectFrom("rooms").select(["id", "name", "last_seq"]).execute(),
    analytics.selectFrom("places").selectAll().execute(),
  ]);
  const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
  const counted = sum(places.map(({ seq }) => seq));
  const readings = await readingsFrom(analytics, fromMs);
  const quantiles = (share: number) =>
    readings.map((reading) => {
      const ms = reading && quantileMs(reading, share);
      return ms && Math.round(ms * 1_000) / 1_000;
    });
  return {
    fromMs,
    rooms: await seriesFrom(analytics, { fromMs, names: new Map(rooms.map(({ id, name }) => [id, name])) }),
    ...(await peopleFrom(analytics, fromMs)),
    deliveries: readings.map((reading) => reading && reading.deliveries),
    acceptedMs: { half: quantiles(0.5), most: quantiles(0.99) },
    counted,
    // Places were read before or after the tops, so one may be ahead of the other.
    waiting: Math.max(0, sum(rooms.map(({ last_seq }) => last_seq)) - counted),
  };
}

async function seriesFrom(
  analytics: Analytics,
  { fromMs, names }: { readonly fromMs: number; readonly names: ReadonlyMap<string, string> },
): Promise<Series[]> {
  const rows = await analytics.selectFrom("room_minutes").selectAll().where("minute_ms", ">=", fromMs).execute();
  const byRoom = new Map<string, number[]>();
  for (const { minute_ms, room, messages } of rows) {
    const series = byRoom.get(room) ?? minutes.map(() => 0);
    byRoom.set(room, series);
    const index = (minute_ms - fromMs) / minuteMs;
    // A message of a clock that runs ahead is counted, and not shown yet.
    if (index < minutesShown) series[index] = messages;
  }
  const all = [...byRoom]
    .map(([id, messages]) => ({ id, name: names.get(id) ?? id, messages }))
    .toSorted((one, other) => sumOf(other) - sumOf(one) || one.id.localeCompare(other.id));
  const others = all.slice(roomsShown);
  if (others.length === 0) return all;
  const messages = minutes.map((index) => others.reduce((sum, series) => sum + (series.messages[index] ?? 0), 0));
  return [...all.slice(0, roomsShown), { id: null, name: `${others.length} other rooms`, messages }];
}

const sumOf = ({ messages }: Pick<Series, "messages">): number => messages.reduce((sum, count) => sum + count, 0);

async function peopleFrom(analytics: Analytics, fromMs: number): Promise<Pick<Overview, "people" | "activePeople">> {
  const since = analytics.selectFrom("person_minutes").where("minute_ms", ">=", fromMs);
  const rows = await since
    .select(({ fn }) => ["minute_ms", fn.countAll<number>().as("people")])
    .groupBy("minute_ms")
    .execute();
  const all = await since.select(({ fn }) => fn.count<number>("person").distinct().as("people")).executeTakeFirst();
  const byMinute = new Map(rows.map(({ minute_ms, people }) => [minute_ms, people]));
  return {
    people: minutes.map((index) => byMinute.get(fromMs + index * minuteMs) ?? 0),
    activePeople: all?.people ?? 0,
  };
}

/** What all nodes did in each minute; `null` where nobody looked. */
async function readingsFrom(analytics: Analytics, fromMs: number): Promise<readonly (Reading | null)[]> {
  const rows = await analytics.selectFrom("node_minutes").selectAll().where("minute_ms", ">=", fromMs).execute();
  const byMinute = new Map<number, Reading>();
  for (const { minute_ms, reading } of rows) {
    const read = JSON.parse(reading) as Reading;
    const before = byMinute.get(minute_ms);
    byMinute.set(minute_ms, before === undefined ? read : added(before, read));
  }
  return minutes.map((index) => byMinute.get(fromMs + index * minuteMs) ?? null);
}

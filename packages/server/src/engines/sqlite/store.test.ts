// The store on its own: time, purges, epochs and numbers that an engine's life would take months to reach.
import fc from "fast-check";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../ports/clock.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { AppendRequest, OrderedAnswer } from "./messages.ts";
import { Store } from "./store.ts";

const dayMs = 86_400_000;
const wallMs = 1_767_225_600_000;
const everything = { publications: 1_000_000, bytes: Number.MAX_SAFE_INTEGER };
let epochs = 0;

/** A millisecond passes whenever somebody looks. */
let looks = 0;
const clock = { ...systemClock, now: () => (looks += 1) };

function newEpoch(): string {
  return `epoch-${(epochs += 1)}`;
}

function open(path: string, atWallMs = wallMs): Store {
  const options = { path, maxFileBytes: null, newEpoch: newEpoch(), secret: "secret", wallMs: atWallMs };
  return new Store(options, clock);
}

function newPath(): string {
  return join(temporaryFolder(), "log.db");
}

function append(store: Store, channel: string, more: Partial<AppendRequest> = {}): OrderedAnswer {
  const request: AppendRequest = {
    kind: "append",
    channel,
    id: `id-${Math.random()}`,
    atMs: 0,
    form: "bytes",
    meta: null,
    bytes: 3,
    size: 1_000,
    ttlMs: dayMs,
    key: null,
    digest: "",
    ...more,
  };
  const [answer] = store.write([{ request, data: new Uint8Array(request.bytes) }]);
  return answer ?? expect.fail("an answer was expected");
}

function clear(store: Store, channel: string): void {
  store.write([{ request: { kind: "clear", channel, newEpoch: newEpoch() }, data: new Uint8Array(0) }]);
}

/** Purges until nothing is left to do. @returns Whether something lost its epoch. */
function purgeAll(store: Store): boolean {
  let forgot = false;
  for (let more = true; more;) {
    const purged = store.purge(newEpoch());
    more = purged.more;
    forgot ||= purged.forgot;
  }
  return forgot;
}

/** How many rows each table has, seen from outside after a close. */
function rowsOf(path: string): Record<string, unknown> {
  const database = new DatabaseSync(path);
  const count = (table: string): unknown => database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"];
  const rows = Object.fromEntries(["channels", "log", "dropped", "keys"].map((table) => [table, count(table)]));
  database.close();
  return rows;
}

function texts(store: Store, channel: string): number[] {
  return store.read(channel, "oldest", everything).publications.map(({ offset }) => offset);
}

describe("Store deletes", () => {
  it("what is above the size as it goes, give or take a few", () => {
    const path = newPath();
    const store = open(path);
    for (let n = 0; n < 1_000; n += 1) append(store, "news", { size: 100 });
    expect(texts(store, "news")).toHaveLength(100);
    store.close();
    expect(rowsOf(path)["log"]).toBeLessThan(140);
  });

  it("what has expired, what was cleared, old keys and forgotten channels, by purges", () => {
    const path = newPath();
    const store = open(path);
    for (let n = 0; n < 300; n += 1) append(store, `expiring-${n % 30}`, { key: `${n}`, digest: "d" });
    for (let n = 0; n < 500; n += 1) append(store, "cleared", { ttlMs: 400 * dayMs });
    clear(store, "cleared");
    append(store, "cleared", { ttlMs: 400 * dayMs });
    store.at(dayMs + 1);
    expect(purgeAll(store)).toBe(false);
    expect(texts(store, "cleared")).toEqual([1]);
    store.close();
    expect(rowsOf(path)).toEqual({ channels: 31, log: 1, dropped: 0, keys: 0 });
    const later = open(path, wallMs + dayMs);
    later.at(31 * dayMs);
    expect(purgeAll(later)).toBe(true);
    expect(later.top("expiring-3").offset).toBe(0);
    expect(later.top("cleared").offset).toBe(1);
    later.close();
    expect(rowsOf(path)).toEqual({ channels: 1, log: 1, dropped: 0, keys: 0 });
  });

  it("in steps that are short, however much there is to delete", () => {
    const store = open(newPath());
    const request = { kind: "append", channel: "big", id: "x", atMs: 0, form: "bytes", meta: null } as const;
    const many = Array.from({ length: 60_000 }, () => ({
      request: { ...request, bytes: 100, size: 1_000_000, ttlMs: 1_000, key: null, digest: "" },
      data: new Uint8Array(100),
    }));
    store.write(many);
    store.at(2_000);
    let steps = 0;
    for (let more = true; more; steps += 1) more = store.purge(newEpoch()).more;
    // A step is over after 10 ms, a look at the clock comes after 100 rows.
    expect(steps).toBeGreaterThan(50);
    store.close();
  });
});

describe("Store keeps", () => {
  it("time going on when the wall clock was set back between two runs", () => {
    const path = newPath();
    const store = open(path);
    append(store, "news", { ttlMs: 60_000 });
    store.at(30_000);
    store.close();
    const later = open(path, wallMs - 365 * dayMs);
    expect(texts(later, "news")).toEqual([1]);
    later.at(31_000);
    expect(texts(later, "news")).toEqual([]);
    later.close();
  });

  it("the epoch of a followed channel nobody wrote to, while others are forgotten", () => {
    const store = open(newPath());
    const told = store.follow("quiet");
    append(store, "forgotten");
    store.at(40 * dayMs);
    expect(purgeAll(store)).toBe(true);
    expect(store.top("nobody").epoch).not.toBe(told.epoch);
    expect(store.top("quiet")).toEqual(told);
    expect(append(store, "quiet")).toMatchObject({ epoch: told.epoch, offset: 1 });
    store.close();
  });

  it("a channel whose log has used up its places: history starts anew, positions go on", () => {
    const path = newPath();
    const store = open(path);
    const first = append(store, "news");
    store.close();
    const database = new DatabaseSync(path);
    const top = 2 ** 32 - 2;
    database.exec(`UPDATE channels SET top = ${top}, floor = ${top}, purged = ${top}; DELETE FROM log`);
    database.close();
    const later = open(path);
    for (let n = 1; n <= 4; n += 1) {
      expect(append(later, "news")).toMatchObject({ kind: "appended", offset: top + n });
    }
    expect(first).toMatchObject({ epoch: later.top("news").epoch });
    expect(texts(later, "news")).toEqual([top + 2, top + 3, top + 4]);
    expect(later.read("news", "oldest", everything)).toMatchObject({ floor: top + 1, top: { offset: top + 4 } });
    purgeAll(later);
    later.close();
    expect(rowsOf(path)).toMatchObject({ log: 3, dropped: 0 });
  });

  it("a request that cannot be stored from spoiling those beside it", () => {
    const store = open(newPath());
    const data = new Uint8Array(1);
    const request = {
      kind: "append",
      id: "x",
      atMs: 0,
      form: "bytes",
      meta: null,
      bytes: 1,
      key: null,
      digest: "",
    } as const;
    const answers = store.write([
      { request: { ...request, channel: "a", size: 10, ttlMs: 1_000 }, data },
      { request: { ...request, channel: "a", size: 10, ttlMs: 1_000, atMs: 0.5 }, data },
      { request: { ...request, channel: "a", size: 10, ttlMs: 1_000 }, data },
    ]);
    expect(answers.map(({ kind }) => kind)).toEqual(["appended", "failed", "appended"]);
    expect(answers[1]).toMatchObject({ reason: "internal", outage: null });
    expect(texts(store, "a")).toEqual([1, 2]);
    store.close();
  });

  it("keys apart whose marks are the same, and all of them over a new start", { timeout: 30_000 }, () => {
    const path = newPath();
    const store = open(path);
    // With 30-bit marks, 60,000 keys have one or two collisions.
    const request = {
      kind: "append",
      id: "x",
      atMs: 0,
      form: "bytes",
      meta: null,
      bytes: 0,
      size: 1,
      ttlMs: 1_000,
    } as const;
    const batch = Array.from({ length: 60_000 }, (_, n) => ({
      request: { ...request, channel: "news", key: `key-${n}`, digest: `${n}` },
      data: new Uint8Array(0),
    }));
    expect(store.write(batch).every(({ kind }) => kind === "appended")).toBe(true);
    store.close();
    const later = open(path);
    const again = later.write(batch);
    expect(again.every((answer, n) => answer.kind === "duplicate" && answer.offset === n + 1)).toBe(true);
    later.close();
  });
});

describe("Store never uses an (epoch, offset) of a channel twice (S1)", () => {
  const channel = fc.constantFrom("a", "b", "c");
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("append" as const), channel }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const), channel }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("follow" as const), channel }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("unfollow" as const), channel }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), days: fc.integer({ min: 1, max: 70 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
  );

  it("over clears, months of silence, purges and new starts", { timeout: 60_000 }, () => {
    const folder = temporaryFolder();
    let run = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const path = join(folder, `run-${(run += 1)}.db`);
        const used = new Set<string>();
        let store = open(path);
        let nowMs = 0;
        let startedMs = 0;
        for (const one of steps) {
          if (one.kind === "wait") {
            nowMs += one.days * dayMs;
            store.at(nowMs - startedMs);
            purgeAll(store);
          } else if (one.kind === "reopen") {
            store.close();
            store = open(path, wallMs + nowMs);
            startedMs = nowMs;
          } else if (one.kind === "follow") {
            const told = store.follow(one.channel);
            expect(store.top(one.channel)).toEqual(told);
          } else if (one.kind === "unfollow") store.unfollow(one.channel);
          else if (one.kind === "clear") clear(store, one.channel);
          else {
            const top = store.top(one.channel);
            const answer = append(store, one.channel);
            expect(answer).toMatchObject({ kind: "appended", epoch: top.epoch, offset: top.offset + 1 });
            const place = `${one.channel} ${top.epoch} ${top.offset + 1}`;
            expect(used.has(place)).toBe(false);
            used.add(place);
          }
        }
        store.close();
      }),
      { numRuns: 100 },
    );
  });
});

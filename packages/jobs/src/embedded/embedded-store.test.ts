// The embedded store: the contract on real files, and what only a file can do to it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { jobStoreContract } from "../testing.ts";
import { FakeClock } from "../../test/fake-clock.ts";
import { temporaryFile } from "../../test/stage.ts";
import type { JobStore } from "../store/job-store.ts";
import { embeddedStore } from "./embedded-store.ts";
import { migrations } from "./schema.ts";

jobStoreContract("embedded", {
  create() {
    const folder = mkdtempSync(join(tmpdir(), "tidewire-jobs-"));
    const clock = new FakeClock();
    const open = (): ReturnType<typeof embeddedStore> => embeddedStore({ path: join(folder, "jobs.db"), clock });
    return {
      store: open(),
      another: open,
      advance: (ms) => clock.advance(ms),
      dispose: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});

function versionOf(path: string): unknown {
  const database = new DatabaseSync(path);
  const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
  database.close();
  return version;
}

function onClock(): { readonly clock: FakeClock; readonly open: () => Promise<JobStore>; readonly path: string } {
  const clock = new FakeClock();
  const path = temporaryFile();
  const open = async (): Promise<JobStore> => {
    const store = embeddedStore({ path, clock, keepEndedMs: 3_600_000, keepDeadMs: 7_200_000 });
    await store.open();
    onTestFinished(() => store.close());
    return store;
  };
  return { clock, open, path };
}

const terms = { attempts: 3, firstDelayMs: 1, longestDelayMs: 1, timeoutMs: 1_000 };
const draft = {
  id: "one",
  name: "n",
  input: "1",
  owner: "",
  dueMs: 0,
  priority: 0,
  key: null,
  keyHolds: "kept",
  terms,
} as const;
const wanted = { names: ["n"], runs: 1, endings: 0, leaseMs: 10_000, orphanMs: 86_400_000 };

describe("the embedded store", () => {
  it("ends leases early, not late, when the time of day goes back an hour", async () => {
    const { clock, open } = onClock();
    const store = await open();
    await store.add([draft]);
    const [first] = (await store.claim(wanted)).runs;
    clock.advance(-3_600_000);
    const [second] = (await store.claim(wanted)).runs;
    expect(second).toMatchObject({ id: "one", attempt: 2 });
    expect(await store.settle(first ?? expect.unreachable(), { kind: "done", output: "1" })).toBeNull();
  });

  it("forgets what has ended after its time, and dead letters after theirs", async () => {
    const { clock, open } = onClock();
    const store = await open();
    await store.add([draft, { ...draft, id: "two" }]);
    const { runs } = await store.claim({ ...wanted, runs: 2 });
    const [done, dead] = runs;
    await store.settle(done ?? expect.unreachable(), { kind: "done", output: "1" });
    await store.settle(dead ?? expect.unreachable(), { kind: "dead", reason: "denied", message: "" });
    const left = async (afterMs: number): Promise<readonly string[]> => {
      clock.advance(afterMs);
      await store.claim(wanted);
      const records = await Promise.all(["one", "two"].map((id) => store.read({ kind: "one", id })));
      return records.flat().map(({ id }) => id);
    };
    expect(await left(3_600_000)).toEqual(["one", "two"]);
    expect(await left(60_000)).toEqual(["two"]);
    expect(await left(7_200_000)).toEqual([]);
  });

  it("refuses jobs when its file is full, and does those it has", async () => {
    const path = temporaryFile();
    const store = embeddedStore({ path, maxFileBytes: 200_000 });
    await store.open();
    onTestFinished(() => store.close());
    const large = JSON.stringify("x".repeat(20_000));
    let added = 0;
    const fill = async (): Promise<never> => {
      for (;;) {
        await store.add([{ ...draft, id: `large-${added}`, input: large }]);
        added += 1;
      }
    };
    await expect(fill()).rejects.toMatchObject({ reason: "limit_exceeded" });
    expect(added).toBeGreaterThan(1);
    expect(added).toBeLessThanOrEqual(200_000 / large.length);
    const [run] = (await store.claim(wanted)).runs;
    expect(run).toMatchObject({ id: "large-0", input: large });
    // Asked together they are one transaction, and what is refused is no fault of the other's.
    const [refused, settled] = await Promise.allSettled([
      store.add([{ ...draft, id: "more" }]),
      store.settle(run ?? expect.unreachable(), { kind: "done", output: "1" }),
    ]);
    expect(refused).toMatchObject({ status: "rejected", reason: { reason: "limit_exceeded" } });
    expect(settled).toEqual({ status: "fulfilled", value: "done" });
  });

  it("says what is wrong with a file that is none of its own, and leaves it as it is", async () => {
    const path = temporaryFile();
    const foreign = new DatabaseSync(path);
    foreign.exec("CREATE TABLE theirs (id)");
    await expect(embeddedStore({ path }).open()).rejects.toThrow("this is a SQLite database of another program");
    expect(foreign.prepare("SELECT count(*) AS n FROM sqlite_schema").get()).toEqual({ n: 1 });
    foreign.close();
    const text = temporaryFile();
    writeFileSync(text, "no database at all, but long enough to be looked at as one".repeat(20));
    await expect(embeddedStore({ path: text }).open()).rejects.toMatchObject({ reason: "engine_unavailable" });
  });

  it("of a newer Tidewire is refused", async () => {
    const { open, path } = onClock();
    await (await open()).close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    await expect(open()).rejects.toThrow("made by a newer Tidewire");
  });

  it("of an older Tidewire is brought to this one's version, with its jobs", async () => {
    const { clock, open, path } = onClock();
    const older = new DatabaseSync(path);
    older.exec(`${migrations[0]}; PRAGMA application_id = ${0x54444a42}; PRAGMA user_version = 1`);
    const columns =
      "id, name, owner, input, key_holds, priority, attempts, first_delay_ms, longest_delay_ms, timeout_ms";
    older.exec(`INSERT INTO jobs (${columns}, state, added_ms, due_ms) VALUES
      ('one', 'n', '', '1', 'kept', 0, 3, 1, 1, 1000, 'ready', ${clock.wall()}, ${clock.wall()})`);
    older.close();
    clock.advance(5_000);
    const store = await open();
    expect(await store.counts()).toEqual([{ name: "n", state: "waiting", count: 1, oldestMs: 5_000 }]);
    expect((await store.claim(wanted)).runs).toMatchObject([{ id: "one", attempt: 1 }]);
    expect(versionOf(path)).toBe(migrations.length);
  });

  it("counts what is ready, and says how old it is, without reading it", async () => {
    const { open, path } = onClock();
    await open();
    const database = new DatabaseSync(path);
    const plan = database.prepare(
      "EXPLAIN QUERY PLAN SELECT name, count(*), min(due_ms) FROM jobs INDEXED BY jobs_ready WHERE state = 'ready' GROUP BY name",
    );
    expect(plan.all()).toMatchObject([{ detail: "SCAN jobs USING COVERING INDEX jobs_ready" }]);
    database.close();
  });

  it("sets apart what nobody can run, for good", async () => {
    const { open, path } = onClock();
    const store = await open();
    await store.add([draft]);
    const database = new DatabaseSync(path);
    database.exec("UPDATE jobs SET input = '{'");
    database.close();
    expect(await store.claim(wanted)).toMatchObject({ runs: [], refused: ["one: its input is no JSON"] });
    expect(await store.read({ kind: "one", id: "one" })).toMatchObject([{ state: "dead", reason: "malformed" }]);
    expect(await store.change("one", "replay")).toBe(false);
  });

  it("lets 10,000 requests wait and refuses the next one", async () => {
    const { open } = onClock();
    const store = await open();
    const reads = Array.from({ length: 10_001 }, () => store.read({ kind: "one", id: "nobody" }));
    const [last, ...others] = (await Promise.allSettled(reads)).toReversed();
    expect(last).toMatchObject({ status: "rejected", reason: { reason: "overloaded" } });
    expect(others.every(({ status }) => status === "fulfilled")).toBe(true);
  });

  it("that another process keeps busy refuses, and goes on when it has ended", { timeout: 30_000 }, async () => {
    const { open, path } = onClock();
    const store = await open();
    const database = new DatabaseSync(path);
    database.exec("BEGIN IMMEDIATE");
    await expect(store.add([draft])).rejects.toMatchObject({ reason: "engine_unavailable" });
    database.exec("ROLLBACK");
    database.close();
    expect(await store.add([draft])).toEqual([{ id: "one", isDuplicate: false }]);
  });

  it("opens for several processes at the same moment, when there is no file yet", async () => {
    const { open } = onClock();
    const stores = await Promise.all([open(), open(), open(), open()]);
    const added = await Promise.all(stores.map((store, n) => store.add([{ ...draft, id: `${n}` }])));
    expect(added.flat()).toHaveLength(4);
  });
});

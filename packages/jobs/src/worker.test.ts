// Workers on a real store: what comes of jobs that work, fail, hang, are canceled and cannot be read.
import { DatabaseSync } from "node:sqlite";
import { defineJob, fail } from "@tidewire/protocol";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { FakeClock } from "../test/fake-clock.ts";
import { aborted, stage } from "../test/stage.ts";
import { EmbeddedStore } from "./embedded/embedded-store.ts";
import { spawnThread } from "./embedded/store-thread.ts";
import { createWorker } from "./worker.ts";
import type { Worker } from "node:worker_threads";

const resize = defineJob("resize", {
  input: z.object({ width: z.number().max(1_000), by: z.number().default(2) }),
  progress: z.object({ percent: z.number() }),
  output: z.object({ width: z.number() }),
});
const count = defineJob("count", { input: z.number() });
const quick = { owner: "anna", firstDelayMs: 1, longestDelayMs: 4 } as const;

/** A promise and the function that resolves it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}

/** A store that records nothing before it may. */
function recordingLate(path: string, may: Promise<void>): EmbeddedStore {
  const store = new EmbeddedStore({ path }, spawnThread);
  const settle = store.settle.bind(store);
  store.settle = async (hold, outcome) => {
    await may;
    return await settle(hold, outcome);
  };
  return store;
}

describe("a job", () => {
  it("is done with what its schema yields, and told from its start to its result", async () => {
    const { jobs, worker, publisher } = await stage();
    const one = worker();
    one.handle(resize, async ({ width, by }, job) => {
      for (const percent of [25, 50, 75]) await job.progress({ percent });
      return { width: width / by };
    });
    one.start();
    const { id } = await jobs.enqueue(resize, { width: 100 }, { owner: "anna" });
    expect(await publisher.ended(id)).toEqual([
      { kind: "started", run: 1, attempt: 1 },
      ...[25, 50, 75].map((percent) => ({ kind: "progress", run: 1, data: { percent } })),
      { kind: "done", run: 1, output: { width: 50 } },
    ]);
    expect(await jobs.find(id)).toMatchObject({ state: "done", output: '{"width":50}', owner: "anna" });
  });

  it("that does not fit its schema is refused before it is there", async () => {
    const { jobs } = await stage();
    await expect(jobs.enqueue(resize, { width: 2_000 })).rejects.toMatchObject({ reason: "invalid_data" });
    await expect(jobs.enqueue(count, "1" as never)).rejects.toThrow('the input of "count"');
    await expect(jobs.enqueue(count, 1, { attempts: 0 })).rejects.toThrow("attempts: an integer from 1 to 100");
    const large = defineJob("large");
    await expect(jobs.enqueue(large, "x".repeat(300_000))).rejects.toMatchObject({ reason: "too_large" });
    expect(await jobs.list({ state: "waiting", after: null, limit: 10 })).toEqual([]);
  });

  it("that does not fit the schema of its worker is a dead letter at once, with the reason", async () => {
    const { jobs, worker, publisher } = await stage();
    const { id } = await jobs.enqueue(defineJob("resize"), { width: "wide" }, quick);
    const one = worker();
    one.handle(resize, () => ({ width: 1 }));
    one.start();
    const events = await publisher.ended(id);
    expect(events.at(-1)).toMatchObject({ kind: "failed", reason: "invalid_data" });
    expect(await jobs.list({ state: "dead", after: null, limit: 10 })).toMatchObject([
      { id, attempt: 1, reason: "invalid_data", message: expect.stringContaining("width") as string },
    ]);
  });

  it("that fails is tried again as often as it may, and what it said is for its operator alone", async () => {
    const { jobs, worker, publisher } = await stage();
    const attempts: number[] = [];
    const one = worker();
    one.handle(count, (_, { attempt }) => {
      attempts.push(attempt);
      throw new Error("password: hunter2");
    });
    one.start();
    const { id } = await jobs.enqueue(count, 1, { ...quick, attempts: 3 });
    const events = await publisher.ended(id);
    expect(attempts).toEqual([1, 2, 3]);
    expect(events.map(({ kind }) => kind)).toEqual(["started", "retrying", "started", "retrying", "started", "failed"]);
    expect(JSON.stringify(events)).not.toContain("hunter2");
    expect(await jobs.find(id)).toMatchObject({
      state: "dead",
      attempt: 3,
      reason: "internal",
      message: "password: hunter2",
    });
  });

  it("that is tried again is told of in order, also where the end of a run is told late", async () => {
    const { jobs, worker, publisher } = await stage();
    const one = worker();
    one.handle(count, (_, { attempt }) => {
      // What comes next is told at the second try.
      if (attempt === 1) publisher.failures = 1;
      return attempt === 1 ? fail("overloaded", "not now") : "fine";
    });
    one.start();
    const { id } = await jobs.enqueue(count, 1, quick);
    const events = await publisher.ended(id);
    expect(events.map(({ kind, run }) => `${kind} ${run}`)).toEqual(["started 1", "retrying 1", "started 3", "done 3"]);
  });

  it("that fails with an error that is not temporary is not tried again, and can be replayed", async () => {
    const { jobs, worker, publisher } = await stage();
    let isMended = false;
    const one = worker();
    one.handle(count, () => (isMended ? "fine" : fail("denied", "the account is closed")));
    one.start();
    const { id } = await jobs.enqueue(count, 1, quick);
    expect((await publisher.ended(id)).at(-1)).toMatchObject({ kind: "failed", message: "the account is closed" });
    isMended = true;
    publisher.events.length = 0;
    expect(await jobs.replay(id)).toBe(true);
    expect((await publisher.ended(id)).at(-1)).toMatchObject({ kind: "done", output: "fine" });
  });

  it("that hangs ends at its time, and its slot is free though it listens to nobody", async () => {
    const { jobs, worker, publisher } = await stage();
    const { passed, open } = gate();
    const one = worker({ concurrency: 1 });
    one.handle(resize, async (_, job) => {
      await passed;
      await job.progress({ percent: 99 });
      return { width: 0 };
    });
    one.handle(count, (number) => number + 1);
    one.start();
    const hanging = await jobs.enqueue(resize, { width: 1 }, { ...quick, attempts: 1, timeoutMs: 50 });
    const next = await jobs.enqueue(count, 1, quick);
    expect((await publisher.ended(next.id)).at(-1)).toMatchObject({ kind: "done", output: 2 });
    expect((await publisher.ended(hanging.id)).at(-1)).toMatchObject({ kind: "failed", reason: "timed_out" });
    expect(one.stats().abandoned).toBe(1);
    open();
    await one.stop();
    expect(one.stats()).toMatchObject({ abandoned: 0, running: 0, done: 1, failed: 1 });
    // What it does after its end is nobody's.
    expect(publisher.of(hanging.id).map(({ kind }) => kind)).toEqual(["started", "failed"]);
  });

  it("that is canceled while it runs is told so by its signal, and ends as canceled", async () => {
    const { jobs, worker, publisher } = await stage();
    const running = gate();
    let reason: unknown;
    const one = worker({ leaseMs: 1_000 });
    one.handle(count, async (_, { signal }) => {
      running.open();
      reason = await aborted(signal);
      throw new Error("stopped");
    });
    one.start();
    const { id } = await jobs.enqueue(count, 1, quick);
    await running.passed;
    expect(await jobs.cancel(id)).toBe(true);
    expect((await publisher.ended(id)).map(({ kind }) => kind)).toEqual(["started", "canceled"]);
    expect(reason).toMatchObject({ reason: "canceled" });
    expect(await jobs.find(id)).toMatchObject({ state: "canceled", attempt: 1 });
  });
});

describe("a worker", () => {
  it("does no more at once than it may", async () => {
    const { jobs, worker, publisher } = await stage();
    const { passed, open } = gate();
    let most = 0;
    let now = 0;
    const one = worker({ concurrency: 3 });
    one.handle(count, async () => {
      now += 1;
      most = Math.max(most, now);
      if (now === 3) open();
      await passed;
      now -= 1;
    });
    one.start();
    const added = await Promise.all(Array.from({ length: 12 }, (_, n) => jobs.enqueue(count, n, quick)));
    await Promise.all(added.map(({ id }) => publisher.ended(id)));
    expect(most).toBe(3);
  });

  it("begins the next before the end of the last is recorded, and no more than its hands again", async () => {
    const [mayRecord, none] = [gate(), gate()];
    const { jobs, worker, publisher } = await stage({ store: (path) => recordingLate(path, mayRecord.passed) });
    const one = worker({ concurrency: 2, pollMs: 10 });
    const begun: number[] = [];
    one.handle(count, (number) => {
      begun.push(number);
      if (begun.length === 4) none.open();
      return number;
    });
    const added = await Promise.all(Array.from({ length: 8 }, (_, n) => jobs.enqueue(count, n, quick)));
    one.start();
    await none.passed;
    // Two looks later there are still four that run or whose ends wait.
    await Promise.all([jobs.enqueue(count, 8, quick), jobs.enqueue(count, 9, quick)]);
    expect(begun).toHaveLength(4);
    expect((await jobs.list({ state: "running", after: null, limit: 10 })).length).toBe(4);
    mayRecord.open();
    await Promise.all(added.map(({ id }) => publisher.ended(id)));
  });

  it("takes no more than half of its hands full at a time, and the other half at once", async () => {
    const asked: number[] = [];
    const { jobs, publisher } = await stage({
      store: (path) => {
        const store = new EmbeddedStore({ path }, spawnThread);
        const claim = store.claim.bind(store);
        store.claim = (wanted) => {
          asked.push(wanted.runs);
          return claim(wanted);
        };
        return store;
      },
    });
    const [all, end] = [gate(), gate()];
    // Time stands still: nothing is found by looking now and then.
    const one = createWorker({ jobs, publisher, clock: new FakeClock(), concurrency: 5 });
    let begun = 0;
    one.handle(count, async (number) => {
      begun += 1;
      if (begun === 5) all.open();
      await end.passed;
      return number;
    });
    const added = await Promise.all(Array.from({ length: 5 }, (_, n) => jobs.enqueue(count, n, quick)));
    one.start();
    await all.passed;
    expect(asked).toEqual([3, 2]);
    end.open();
    await Promise.all(added.map(({ id }) => publisher.ended(id)));
    await one.stop();
  });

  it("asks for ends of others also while one of its looks has no answer", async () => {
    const asked: number[] = [];
    const { jobs, publisher } = await stage({
      store: (path) => {
        const store = new EmbeddedStore({ path }, spawnThread);
        const claim = store.claim.bind(store);
        store.claim = async (wanted) => {
          asked.push(wanted.endings);
          return await (asked.length === 2 ? new Promise<never>(() => undefined) : claim(wanted));
        };
        return store;
      },
    });
    const clock = new FakeClock();
    const gates = [gate(), gate()];
    const begun = gate();
    const one = createWorker({ jobs, publisher, clock, concurrency: 3 });
    one.handle(count, async (number) => {
      if (number === 1) begun.open();
      await gates[number]?.passed;
    });
    await jobs.enqueue(count, 0, quick);
    await jobs.enqueue(count, 1, quick);
    one.start();
    await begun.passed;
    await jobs.enqueue(count, 2, { ...quick, delayMs: 1_000_000 });
    await vi.waitFor(() => expect(asked).toEqual([16, 0]));
    clock.advance(250);
    gates[0]?.open();
    await vi.waitFor(() => expect(asked).toEqual([16, 0, 16]));
    gates[1]?.open();
    await vi.waitFor(() => expect(asked).toEqual([16, 0, 16, 0]));
  });

  it("that stops finishes what it can, and gives the rest back without an attempt", async () => {
    const { jobs, worker, publisher } = await stage();
    const [begun, mayEnd] = [gate(), gate()];
    const first = worker();
    first.handle(count, async (number, { signal }) => {
      if (number === 2) begun.open();
      await (number === 1 ? mayEnd.passed : aborted(signal));
      return number;
    });
    first.start();
    const finished = await jobs.enqueue(count, 1, quick);
    const returned = await jobs.enqueue(count, 2, quick);
    await begun.passed;
    const stopped = first.stop({ graceMs: 200 });
    mayEnd.open();
    await stopped;
    expect(await jobs.find(finished.id)).toMatchObject({ state: "done" });
    expect(await jobs.find(returned.id)).toMatchObject({ state: "waiting", attempt: 0 });
    const second = worker();
    second.handle(count, (number) => number);
    second.start();
    await publisher.ended(returned.id);
    expect(await jobs.find(returned.id)).toMatchObject({ state: "done", attempt: 1 });
  });

  it("tells the end of a job until it is told, though the server was away", async () => {
    const { jobs, worker, publisher } = await stage();
    publisher.failures = 3;
    const one = worker({ leaseMs: 1_000 });
    one.handle(count, (number) => number);
    one.start();
    const { id } = await jobs.enqueue(count, 7, quick);
    expect(await publisher.ended(id)).toMatchObject([{ kind: "started" }, { kind: "done", output: 7 }]);
  });

  it("goes on when an entry cannot be read, and sets that apart", async () => {
    const { jobs, worker, publisher, path } = await stage();
    const poisoned: string[] = [];
    for (let n = 0; n < 6; n += 1) poisoned.push((await jobs.enqueue(count, n, { ...quick, priority: 9 })).id);
    const { id } = await jobs.enqueue(count, 1, quick);
    const database = new DatabaseSync(path);
    const spoil = [
      "input = '{'",
      "input = ''",
      "fence = 9223372036854775807",
      "attempts = -5",
      "timeout_ms = -1",
      "name = 'count', attempt = -9223372036854775807",
    ];
    spoil.forEach((what, n) => database.exec(`UPDATE jobs SET ${what} WHERE id = '${poisoned[n]}'`));
    database.close();
    const one = worker({ concurrency: 2 });
    one.handle(count, (number) => number);
    one.start();
    expect((await publisher.ended(id)).at(-1)).toMatchObject({ kind: "done", output: 1 });
    const dead = await jobs.list({ state: "dead", after: null, limit: 10 });
    expect(dead.map(({ reason }) => reason)).toEqual(Array.from({ length: 5 }, () => "malformed"));
    // A number that can be mended is no reason not to do the work.
    expect((await publisher.ended(poisoned[2] ?? "")).at(-1)).toMatchObject({ kind: "done", output: 2 });
    expect(one.stats().refused).toBe(5);
  });

  it("loses nothing when its store goes away for a while", async () => {
    const threads: Worker[] = [];
    const { jobs, worker, publisher } = await stage({
      store: (path) =>
        new EmbeddedStore({ path }, (options) => {
          const thread = spawnThread(options);
          threads.push(thread);
          return thread;
        }),
    });
    const begun = gate();
    const mayEnd = gate();
    const one = worker();
    one.handle(count, async (number) => {
      begun.open();
      await mayEnd.passed;
      return number;
    });
    one.start();
    const { id } = await jobs.enqueue(count, 5, quick);
    await begun.passed;
    await threads[0]?.terminate();
    await expect(jobs.enqueue(count, 6)).rejects.toMatchObject({ reason: "engine_unavailable", temporary: true });
    mayEnd.open();
    expect((await publisher.ended(id)).at(-1)).toMatchObject({ kind: "done", output: 5 });
    expect(one.stats()).toMatchObject({ done: 1, lost: 0 });
    expect(threads).toHaveLength(2);
  });
});

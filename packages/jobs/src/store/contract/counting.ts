// How many jobs stand where, without reading them.
import { describe, expect, it } from "vitest";
import type { JobStore } from "../job-store.ts";
import { type JobStoreHarness, Trial } from "../trial.ts";

/** What there is none of may be there, with 0. */
async function counted(store: JobStore): Promise<Readonly<Record<string, number>>> {
  const counts = (await store.counts()).filter(({ count }) => count > 0);
  return Object.fromEntries(counts.map(({ name, state, count }) => [`${name} ${state}`, count]));
}

const minuteMs = 60_000;
const year2100Ms = 4_102_444_800_000;

/** What has passed in truth is less than a minute, and none of the test's. */
function expectAge(ageMs: number | undefined, leastMs: number): void {
  expect(ageMs).toBeGreaterThanOrEqual(leastMs);
  expect(ageMs).toBeLessThan(leastMs + minuteMs);
}

export function counting(harness: JobStoreHarness): void {
  describe("a count", () => {
    it("is of what waits, also for its time, what runs and what is dead, by name", async () => {
      const trial = await Trial.begin(harness);
      expect(await counted(trial.store)).toEqual({});
      for (let n = 0; n < 3; n += 1) await trial.add();
      await trial.add({ name: "a.b-c_D" });
      expect(await counted(trial.store)).toEqual({ "resize waiting": 3, "a.b-c_D waiting": 1 });
      const { runs } = await trial.claim({ runs: 2 });
      expect(await counted(trial.store)).toEqual({ "resize waiting": 1, "resize running": 2, "a.b-c_D waiting": 1 });
      const [one, two] = runs;
      if (one === undefined || two === undefined) expect.unreachable();
      await trial.store.settle(one, { kind: "dead", reason: "denied", message: "no" });
      await trial.store.settle(two, { kind: "failed", reason: "internal", message: "", delayMs: 3_600_000 });
      expect(await counted(trial.store)).toEqual({ "resize waiting": 2, "resize dead": 1, "a.b-c_D waiting": 1 });
    });

    it("leaves out what is done or canceled", async () => {
      const trial = await Trial.begin(harness);
      await trial.add();
      await trial.store.settle(await trial.run(), { kind: "done", output: "1" });
      await trial.store.change(await trial.add(), "cancel");
      expect(await counted(trial.store)).toEqual({});
    });
  });

  describe("the age of what waits longest", () => {
    it("is since it could begin, whatever is before it", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.add({ id: "old" });
      expectAge((await trial.ages(context))["resize"], 0);
      await trial.advance(context, 10 * minuteMs);
      for (const [id, priority] of Object.entries({ a: 9, b: 0, c: -9 })) await trial.add({ id, priority });
      await trial.add({ id: "mail", name: "mail" });
      const both = await trial.ages(context);
      expectAge(both["resize"], 10 * minuteMs);
      expectAge(both["mail"], 0);
      // Behind a higher priority, first of its own, and behind no more.
      expect(await trial.ids({ runs: 1 })).toEqual(["a"]);
      expectAge((await trial.ages(context))["resize"], 10 * minuteMs);
      const running = (await trial.store.counts()).filter(({ state }) => state === "running");
      expect(running.map(({ name, oldestMs }) => [name, oldestMs])).toEqual([["resize", undefined]]);
      expect(await trial.ids({ runs: 1 })).toEqual(["old"]);
      expectAge((await trial.ages(context))["resize"], 0);
      await trial.advance(context, 5 * minuteMs);
      expectAge((await trial.ages(context))["resize"], 5 * minuteMs);
    });

    it("is of a low priority too", async (context) => {
      const trial = await Trial.begin(harness);
      for (const [id, priority] of Object.entries({ low: -1_000, high: 1_000 })) {
        await trial.add({ id, priority });
        await trial.advance(context, 10 * minuteMs);
      }
      expectAge((await trial.ages(context))["resize"], 20 * minuteMs);
    });

    it("is nothing before its time, and since then", async (context) => {
      const trial = await Trial.begin(harness);
      const { addedMs } = await trial.record(await trial.add({ name: "now" }));
      await trial.add({ dueMs: addedMs + 10 * minuteMs });
      await trial.advance(context, 5 * minuteMs);
      expect((await trial.ages(context))["resize"]).toBe(0);
      await trial.advance(context, 10 * minuteMs);
      expectAge((await trial.ages(context))["resize"], 5 * minuteMs);
      await trial.run();
      await trial.add({ dueMs: year2100Ms });
      await trial.advance(context, 10 * minuteMs);
      expect((await trial.ages(context))["resize"]).toBe(0);
    });

    it("is since the end of its pause where it is to be tried again", async (context) => {
      const trial = await Trial.begin(harness);
      for (let n = 0; n < 2; n += 1) await trial.add();
      const { runs } = await trial.claim();
      const again = { kind: "failed", reason: "internal", message: "", delayMs: 10 * minuteMs } as const;
      for (const run of runs) await trial.store.settle(run, again);
      await trial.advance(context, 5 * minuteMs);
      expect(await trial.ages(context)).toEqual({ resize: 0 });
      await trial.advance(context, 10 * minuteMs);
      expectAge((await trial.ages(context))["resize"], 5 * minuteMs);
      // Of the one that is left, now that a worker has looked.
      expect(await trial.ids({ runs: 1 })).toHaveLength(1);
      expectAge((await trial.ages(context))["resize"], 5 * minuteMs);
    });

    it("is of one that was given back, where that has waited longest since", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.add();
      await trial.store.settle(await trial.run(), { kind: "returned" });
      await trial.advance(context, 5 * minuteMs);
      await trial.add();
      expectAge((await trial.ages(context))["resize"], 5 * minuteMs);
    });

    it("is since it was given back, taken from who is gone, or replayed", async (context) => {
      const trial = await Trial.begin(harness);
      for (let n = 0; n < 3; n += 1) await trial.add();
      await trial.advance(context, 10 * minuteMs);
      const [returned, dead] = (await trial.claim()).runs;
      if (returned === undefined || dead === undefined) expect.unreachable();
      await trial.store.settle(returned, { kind: "returned" });
      expectAge((await trial.ages(context))["resize"], 0);
      await trial.store.settle(dead, { kind: "dead", reason: "denied", message: "" });
      await trial.store.change(dead.id, "replay");
      await trial.advance(context, minuteMs);
      await trial.claim({ runs: 0, endings: 1 });
      expect(await counted(trial.store)).toEqual({ "resize waiting": 3 });
      expectAge((await trial.ages(context))["resize"], minuteMs);
      for (let left = 2; left > 0; left -= 1) {
        await trial.claim({ runs: 1 });
        expect((await trial.ages(context))["resize"]).toBeLessThan(2 * minuteMs);
      }
    });
  });
}

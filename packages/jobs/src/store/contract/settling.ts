// How runs end, and what comes after.
import { describe, expect, it } from "vitest";
import { type JobStoreHarness, Trial } from "../trial.ts";

const failed = { kind: "failed", reason: "timed_out", message: "too slow", delayMs: 1_000 } as const;

export function settling(harness: JobStoreHarness): void {
  describe("a run", () => {
    it("that is done is done once (J2)", async () => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      const run = await trial.run();
      const words = Array.from({ length: 5 }, (_, n) => trial.store.settle(run, { kind: "done", output: `${n}` }));
      expect((await Promise.all(words)).filter((state) => state !== null)).toEqual(["done"]);
      const { state, output, endedMs } = await trial.record(id);
      expect({ state, output }).toEqual({ state: "done", output: "0" });
      expect(endedMs).toBeTypeOf("number");
      expect(await trial.ids()).toEqual([]);
    });

    it("that failed comes again as often as its terms say, and is a dead letter then (J4)", async (context) => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      for (const state of ["waiting", "waiting", "dead"]) {
        expect(await trial.store.settle(await trial.run(), failed)).toBe(state);
        await trial.advance(context, 1_000);
      }
      expect(await trial.ids()).toEqual([]);
      expect(await trial.record(id)).toMatchObject({
        state: "dead",
        attempt: 3,
        reason: "timed_out",
        message: "too slow",
      });
      const dead = await trial.store.read({ kind: "page", state: "dead", after: null, limit: 10 });
      expect(dead.map((record) => record.id)).toEqual([id]);
    });

    it("that failed says why while the job waits", async () => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      await trial.store.settle(await trial.run(), failed);
      expect(await trial.record(id)).toMatchObject({ state: "waiting", reason: "timed_out", message: "too slow" });
    });

    it("that failed has nothing more to say", async () => {
      const trial = await Trial.begin(harness);
      await trial.add();
      const run = await trial.run();
      await trial.store.settle(run, { ...failed, delayMs: 0 });
      expect(await trial.store.settle(run, { kind: "done", output: "1" })).toBeNull();
      expect((await trial.run()).attempt).toBe(2);
    });

    it("that is returned is another worker's at once, and was no attempt", async () => {
      const trial = await Trial.begin(harness);
      const other = await trial.another();
      await trial.add();
      const run = await trial.run();
      expect(await trial.store.settle(run, { kind: "returned" })).toBe("waiting");
      expect(await trial.run(other)).toMatchObject({ id: run.id, attempt: 1 });
    });

    it("that is returned is the only one that was no attempt (J4)", async () => {
      const trial = await Trial.begin(harness);
      await trial.add();
      await trial.store.settle(await trial.run(), { kind: "returned" });
      for (const [attempt, state] of [
        [1, "waiting"],
        [2, "waiting"],
        [3, "dead"],
      ] as const) {
        const run = await trial.run();
        expect(run.attempt).toBe(attempt);
        expect(await trial.store.settle(run, { ...failed, delayMs: 0 })).toBe(state);
      }
    });

    it("that was hopeless is a dead letter at once, and waits with all its attempts when it is replayed", async () => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      const run = await trial.run();
      expect(await trial.store.settle(run, { kind: "dead", reason: "invalid_data", message: "no picture" })).toBe(
        "dead",
      );
      expect(await trial.record(id)).toMatchObject({ state: "dead", reason: "invalid_data", message: "no picture" });
      expect(await trial.store.change(id, "replay")).toBe(true);
      expect(await trial.store.change(id, "replay")).toBe(false);
      const again = await trial.run();
      expect(again.attempt).toBe(1);
      expect(again.fence).toBeGreaterThan(run.fence);
      expect(await trial.store.settle(again, { kind: "done", output: "1" })).toBe("done");
      expect(await trial.record(id)).toMatchObject({ state: "done", reason: "" });
    });

    it("of a job that is replayed knows nothing of what was before", async () => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      const run = await trial.run();
      await trial.store.change(id, "cancel");
      await trial.store.settle(run, { kind: "dead", reason: "denied", message: "no" });
      expect(await trial.store.change(id, "replay")).toBe(true);
      expect(await trial.record(id)).toMatchObject({ state: "waiting", reason: "", message: "", attempt: 0 });
      expect(await trial.store.settle(await trial.run(), { ...failed, delayMs: 0 })).toBe("waiting");
    });

    it("does not begin when the job was canceled before", async () => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      expect(await trial.store.change(id, "cancel")).toBe(true);
      expect(await trial.ids()).toEqual([]);
      expect(await trial.record(id)).toMatchObject({ state: "canceled", attempt: 0 });
      expect(await trial.store.change("nobody", "cancel")).toBe(false);
    });

    it("does not begin when the job was canceled before its time", async (context) => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      await trial.store.settle(await trial.run(), failed);
      expect(await trial.store.change(id, "cancel")).toBe(true);
      await trial.advance(context, 1_000);
      expect(await trial.ids()).toEqual([]);
      expect(await trial.record(id)).toMatchObject({ state: "canceled" });
    });

    it("that is done, of a job with a key, leaves the key to the next; so does one that is canceled", async () => {
      const trial = await Trial.begin(harness);
      const key = "user:7";
      await trial.store.change(await trial.add({ id: "one", key }), "cancel");
      expect(await trial.add({ id: "two", key })).toBe("two");
      const kept = { key: "event:9", keyHolds: "kept", name: "mail" } as const;
      await trial.store.change(await trial.add({ id: "three", ...kept }), "cancel");
      expect(await trial.add({ id: "four", ...kept })).toBe("three");
    });
  });
}

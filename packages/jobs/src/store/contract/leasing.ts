// Leases: who holds a job, until when, and whose word on it counts.
import { describe, expect, it } from "vitest";
import { type JobStoreHarness, leaseMs, Trial } from "../trial.ts";

export function leasing(harness: JobStoreHarness): void {
  describe("a lease", () => {
    it("that is over makes the job another worker's, and the first one's word count no more (J2, J3)", async (context) => {
      const trial = await Trial.begin(harness);
      const other = await trial.another();
      const id = await trial.add();
      const first = await trial.run();
      await trial.advance(context, leaseMs - 1);
      expect((await trial.claim({}, other)).runs).toEqual([]);
      await trial.advance(context, 1);
      const second = await trial.run(other);
      expect(second).toMatchObject({ id, attempt: 2 });
      expect(second.fence).toBeGreaterThan(first.fence);
      expect(await trial.store.settle(first, { kind: "done", output: '"first"' })).toBeNull();
      expect(await trial.store.settle(first, { kind: "returned" })).toBeNull();
      expect(await trial.store.renew([first, second], leaseMs)).toEqual(["lost", "held"]);
      expect(await other.settle(second, { kind: "done", output: '"second"' })).toBe("done");
      expect(await trial.record(id)).toMatchObject({ state: "done", output: '"second"' });
    });

    it("that is renewed lasts", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.add();
      const run = await trial.run();
      for (let n = 0; n < 5; n += 1) {
        await trial.advance(context, leaseMs - 1_000);
        expect(await trial.store.renew([run], leaseMs)).toEqual(["held"]);
      }
      expect(await trial.ids()).toEqual([]);
      expect(await trial.store.settle(run, { kind: "done", output: "1" })).toBe("done");
    });

    it("that is over is not renewed, though nobody has taken the job yet (J3)", async (context) => {
      const trial = await Trial.begin(harness);
      const other = await trial.another();
      const id = await trial.add();
      const run = await trial.run();
      await trial.advance(context, leaseMs);
      expect(await trial.store.renew([run], leaseMs)).toEqual(["lost"]);
      expect(await trial.run(other)).toMatchObject({ id, attempt: 2 });
    });

    it("that is lost in the last attempt makes a dead letter (J1, J4)", async (context) => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      for (const attempt of [1, 2, 3]) {
        expect(await trial.run()).toMatchObject({ attempt });
        await trial.advance(context, leaseMs);
      }
      expect(await trial.ids()).toEqual([]);
      expect(await trial.record(id)).toMatchObject({ state: "dead", reason: "lost", attempt: 3 });
    });

    it("of a job that is canceled says so when it is renewed", async () => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      const run = await trial.run();
      expect(await trial.store.change(id, "cancel")).toBe(true);
      expect(await trial.store.renew([run], leaseMs)).toEqual(["canceling"]);
      expect(await trial.store.settle(run, { kind: "canceled" })).toBe("canceled");
      expect(await trial.store.change(id, "cancel")).toBe(false);
    });

    it("of a job that is canceled, and fails meanwhile, ends with that", async (context) => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      const run = await trial.run();
      await trial.store.change(id, "cancel");
      const failed = { kind: "failed", reason: "internal", message: "no", delayMs: 0 } as const;
      expect(await trial.store.settle(run, failed)).toBe("canceled");
      await trial.advance(context, leaseMs);
      expect(await trial.ids()).toEqual([]);
    });

    it("of a job that is canceled, lost, does not bring it back", async (context) => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      await trial.run();
      await trial.store.change(id, "cancel");
      await trial.advance(context, leaseMs);
      expect(await trial.ids()).toEqual([]);
      expect(await trial.record(id)).toMatchObject({ state: "canceled" });
    });
  });
}

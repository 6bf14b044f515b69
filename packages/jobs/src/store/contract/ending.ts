// Ends are told to whoever owns the job, also when the worker that brought one about is gone.
import { describe, expect, it } from "vitest";
import { type JobStoreHarness, leaseMs, Trial } from "../trial.ts";

export function ending(harness: JobStoreHarness): void {
  describe("an end", () => {
    it("is its worker's to tell, and another one's when the lease is over", async (context) => {
      const trial = await Trial.begin(harness);
      const other = await trial.another();
      const id = await trial.add({ owner: "anna" });
      const run = await trial.run();
      await trial.store.settle(run, { kind: "done", output: '{"size":3}' });
      expect(await trial.endings(other)).toEqual([]);
      await trial.advance(context, leaseMs);
      const expected = { id, fence: run.fence, name: "resize", state: "done", output: '{"size":3}' };
      expect(await trial.endings(other)).toEqual([{ ...expected, reason: "", message: "" }]);
      expect(await trial.endings()).toEqual([]);
      await trial.advance(context, leaseMs);
      expect(await trial.endings()).toMatchObject([expected]);
    });

    it("that is a bad one is its worker's to tell as well", async (context) => {
      const trial = await Trial.begin(harness);
      const other = await trial.another();
      const id = await trial.add({ owner: "anna" });
      await trial.store.settle(await trial.run(), { kind: "dead", reason: "denied", message: "no" });
      expect(await trial.endings(other)).toEqual([]);
      await trial.advance(context, leaseMs);
      expect(await trial.endings(other)).toMatchObject([{ id, state: "dead", reason: "denied", message: "no" }]);
    });

    it("is its worker's for as long as that has renewed its lease", async (context) => {
      const trial = await Trial.begin(harness);
      const other = await trial.another();
      await trial.add({ owner: "anna" });
      const run = await trial.run();
      await trial.store.renew([run], 3 * leaseMs);
      await trial.store.settle(run, { kind: "done", output: "1" });
      await trial.advance(context, 2 * leaseMs);
      expect(await trial.endings(other)).toEqual([]);
      await trial.advance(context, leaseMs);
      expect(await trial.endings(other)).toHaveLength(1);
    });

    it("is told when it is there, and by who brought it about", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.add({ owner: "anna" });
      const first = await trial.run();
      expect(await trial.store.settle(first, { kind: "told" })).toBeNull();
      await trial.advance(context, leaseMs);
      const second = await trial.run();
      await trial.store.settle(second, { kind: "done", output: "1" });
      expect(await trial.store.settle(first, { kind: "told" })).toBeNull();
      expect(await trial.store.settle(second, { kind: "told" })).toBe("done");
    });

    it("that was told is told no more", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.add({ owner: "anna" });
      const run = await trial.run();
      await trial.store.settle(run, { kind: "dead", reason: "denied", message: "no" });
      expect(await trial.store.settle(run, { kind: "told" })).toBe("dead");
      expect(await trial.store.settle(run, { kind: "told" })).toBeNull();
      await trial.advance(context, 2 * leaseMs);
      expect(await trial.endings()).toEqual([]);
    });

    it("of a job that nobody owns is told to nobody", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.add({ owner: "" });
      await trial.store.settle(await trial.run(), { kind: "done", output: "1" });
      await trial.add({ owner: "" });
      await trial.store.settle(await trial.run(), { kind: "dead", reason: "denied", message: "no" });
      await trial.store.change(await trial.add({ owner: "" }), "cancel");
      await trial.advance(context, 2 * leaseMs);
      expect(await trial.endings()).toEqual([]);
    });

    it("that came without a worker is told by the next that asks", async (context) => {
      const trial = await Trial.begin(harness);
      const lost = await trial.add({ owner: "anna", terms: { attempts: 1 } });
      await trial.run();
      await trial.advance(context, leaseMs);
      const canceled = await trial.add({ owner: "anna" });
      await trial.store.change(canceled, "cancel");
      const endings = await trial.endings();
      expect(endings.map(({ id, state, reason }) => ({ id, state, reason }))).toEqual([
        { id: lost, state: "dead", reason: "lost" },
        { id: canceled, state: "canceled", reason: "" },
      ]);
    });

    it("is not told to workers that cannot pass it on", async () => {
      const trial = await Trial.begin(harness);
      const id = await trial.add({ owner: "anna" });
      await trial.store.change(id, "cancel");
      expect((await trial.claim({ endings: 0 })).endings).toEqual([]);
      expect(await trial.endings()).toHaveLength(1);
    });
  });
}

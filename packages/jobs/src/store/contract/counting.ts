// How many jobs stand where, without reading them.
import { describe, expect, it } from "vitest";
import type { JobStore } from "../job-store.ts";
import { type JobStoreHarness, Trial } from "../trial.ts";

/** What there is none of may be there, with 0. */
async function counted(store: JobStore): Promise<Readonly<Record<string, number>>> {
  const counts = (await store.counts()).filter(({ count }) => count > 0);
  return Object.fromEntries(counts.map(({ name, state, count }) => [`${name} ${state}`, count]));
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
}

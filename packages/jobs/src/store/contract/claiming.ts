// What is due comes in order, to one worker each.
import { describe, expect, it } from "vitest";
import { type JobStoreHarness, leaseMs, Trial } from "../trial.ts";

export function claiming(harness: JobStoreHarness): void {
  describe("a claim", () => {
    it("takes by priority, then in the order of arrival, and no more than was asked for", async () => {
      const trial = await Trial.begin(harness);
      for (const [id, priority] of Object.entries({ a: 0, b: 9, c: 0, d: 9, e: -1 })) await trial.add({ id, priority });
      expect(await trial.ids({ runs: 3 })).toEqual(["b", "d", "a"]);
      expect(await trial.ids()).toEqual(["c", "e"]);
    });

    it("takes what the worker has handlers for, however much else is before it", async () => {
      const trial = await Trial.begin(harness);
      await trial.store.add(Array.from({ length: 50 }, () => trial.draft({ name: "mail", priority: 9 })));
      await trial.add({ id: "mine" });
      expect(await trial.ids()).toEqual(["mine"]);
      expect(await trial.ids({ names: ["resize", "mail"], runs: 100 })).toHaveLength(50);
    });

    it("takes what was lost before what came after it, and after what is more urgent", async (context) => {
      const trial = await Trial.begin(harness);
      for (const id of ["a", "b", "c"]) await trial.add({ id });
      expect(await trial.ids({ runs: 2 })).toEqual(["a", "b"]);
      await trial.add({ id: "urgent", priority: 9 });
      await trial.advance(context, leaseMs);
      const ids = await trial.ids();
      expect(ids.slice(1, 3).toSorted()).toEqual(["a", "b"]);
      expect([ids[0], ids[3]]).toEqual(["urgent", "c"]);
    });

    it("of several names takes what waited for its time as well", async (context) => {
      const trial = await Trial.begin(harness);
      const first = await trial.add({ name: "mail" });
      const { runs } = await trial.claim({ names: ["mail"] });
      const failed = { kind: "failed", reason: "internal", message: "", delayMs: 2_000 } as const;
      await trial.store.settle(runs[0] ?? expect.unreachable(), failed);
      const second = await trial.add();
      const third = await trial.add({ name: "mail" });
      await trial.advance(context, 2_000);
      const ids = await trial.ids({ names: ["resize", "mail"] });
      expect(ids.toSorted()).toEqual([first, second, third].toSorted());
    });

    it("takes nothing before its time", async (context) => {
      const trial = await Trial.begin(harness);
      const id = await trial.add();
      await trial.store.settle(await trial.run(), { kind: "failed", reason: "internal", message: "", delayMs: 2_000 });
      expect(await trial.ids()).toEqual([]);
      await trial.advance(context, 1_900);
      expect(await trial.ids()).toEqual([]);
      await trial.advance(context, 100);
      expect(await trial.ids()).toEqual([id]);
    });

    it("of two workers at once gives each job to one", async () => {
      const trial = await Trial.begin(harness);
      const other = await trial.another();
      await trial.store.add(Array.from({ length: 200 }, () => trial.draft()));
      const claims = Array.from({ length: 40 }, (_, n) => trial.claim({ runs: 7 }, n % 2 === 0 ? trial.store : other));
      const ids = (await Promise.all(claims)).flatMap(({ runs }) => runs.map(({ id }) => id));
      expect(ids).toHaveLength(200);
      expect(new Set(ids).size).toBe(200);
    });

    it("finds what another process has added", async () => {
      const trial = await Trial.begin(harness);
      const other = await trial.another();
      expect(await trial.ids()).toEqual([]);
      await other.add([trial.draft({ id: "one" })]);
      expect(await trial.ids()).toEqual(["one"]);
    });

    it("leaves a job without a handler for others, and buries it when there are none for long", async (context) => {
      const trial = await Trial.begin(harness);
      const id = await trial.add({ name: "nobody's" });
      expect(await trial.ids({ orphanMs: 100_000 })).toEqual([]);
      expect(await trial.record(id)).toMatchObject({ state: "waiting" });
      await trial.advance(context, 200_000);
      expect(await trial.ids({ orphanMs: 100_000 })).toEqual([]);
      expect(await trial.record(id)).toMatchObject({ state: "dead", reason: "unknown_job" });
    });

    it("does not wait for what others hold", async () => {
      const trial = await Trial.begin(harness);
      await trial.add({ id: "held" });
      await trial.claim({ leaseMs });
      await trial.add({ id: "free" });
      expect(await trial.ids()).toEqual(["free"]);
    });
  });
}

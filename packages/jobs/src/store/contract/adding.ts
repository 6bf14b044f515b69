// What is added is there, once, whoever looks.
import { describe, expect, it } from "vitest";
import { type JobStoreHarness, Trial } from "../trial.ts";

export function adding(harness: JobStoreHarness): void {
  describe("what is added", () => {
    it("is handed over as it was given", async () => {
      const trial = await Trial.begin(harness);
      const input = JSON.stringify({ text: "größe 😀 \u2028", list: [1, null, "x"] });
      const terms = { attempts: 7, firstDelayMs: 5, longestDelayMs: 50, timeoutMs: 500 };
      await trial.add({ id: "one", input, owner: "anna", terms });
      const run = await trial.run();
      expect(run).toMatchObject({ id: "one", name: "resize", input, owner: "anna", attempt: 1, terms });
      expect(run.fence).toBeGreaterThan(0);
    });

    it("is there for another process, and after this one", async () => {
      const trial = await Trial.begin(harness);
      const other = await trial.another();
      await trial.add({ id: "one" });
      await trial.store.close();
      await trial.store.open();
      expect((await trial.run(other)).id).toBe("one");
      expect(await trial.ids()).toEqual([]);
    });

    it("twice under one id is there once", async () => {
      const trial = await Trial.begin(harness);
      const draft = trial.draft({ id: "one" });
      expect(await trial.store.add([draft])).toEqual([{ id: "one", isDuplicate: false }]);
      expect(await trial.store.add([draft, trial.draft({ id: "two" })])).toEqual([
        { id: "one", isDuplicate: true },
        { id: "two", isDuplicate: false },
      ]);
      expect(await trial.ids()).toEqual(["one", "two"]);
    });

    it("with a key is there once until it has ended", async () => {
      const trial = await Trial.begin(harness);
      const key = "user:7";
      expect(await trial.add({ id: "one", key })).toBe("one");
      expect(await trial.add({ id: "two", key })).toBe("one");
      expect(await trial.add({ id: "elsewhere", key, name: "mail" })).toBe("elsewhere");
      const run = await trial.run();
      expect(await trial.add({ id: "three", key })).toBe("one");
      await trial.store.settle(run, { kind: "done", output: "1" });
      expect(await trial.add({ id: "four", key })).toBe("four");
      expect(await trial.ids()).toEqual(["four"]);
    });

    it("with a key that is kept is there once as long as it is remembered", async () => {
      const trial = await Trial.begin(harness);
      const parts = { key: "event:9", keyHolds: "kept" } as const;
      await trial.add({ id: "one", ...parts });
      await trial.store.settle(await trial.run(), { kind: "done", output: "1" });
      expect(await trial.store.add([trial.draft({ id: "two", ...parts })])).toEqual([{ id: "one", isDuplicate: true }]);
      expect(await trial.ids()).toEqual([]);
    });

    it("is in the order in which it was given, also when it is added again", async () => {
      const trial = await Trial.begin(harness);
      const drafts = ["z", "a", "m"].map((id) => trial.draft({ id }));
      await trial.store.add(drafts);
      await trial.add({ id: "b" });
      await trial.store.add(drafts.slice(0, 1));
      const page = await trial.store.read({ kind: "page", state: "waiting", after: null, limit: 10 });
      expect(page.map(({ id }) => id)).toEqual(["z", "a", "m", "b"]);
      expect(await trial.ids({ names: ["resize", "mail"] })).toEqual(["z", "a", "m", "b"]);
    });

    it("can be read, one by one and in pages", async () => {
      const trial = await Trial.begin(harness);
      for (const id of ["a", "b", "c"]) await trial.add({ id, priority: id === "c" ? 5 : 0 });
      const page = async (after: string | null): Promise<readonly string[]> =>
        (await trial.store.read({ kind: "page", state: "waiting", after, limit: 2 })).map(({ id }) => id);
      expect(await page(null)).toEqual(["a", "b"]);
      expect(await page("b")).toEqual(["c"]);
      expect(await page("c")).toEqual([]);
      expect(await trial.record("c")).toMatchObject({ state: "waiting", priority: 5, attempt: 0, endedMs: null });
      await trial.claim({ runs: 1 });
      expect(await page(null)).toEqual(["a", "b"]);
      expect(await trial.store.read({ kind: "page", state: "running", after: null, limit: 2 })).toMatchObject([
        { id: "c", attempt: 1 },
      ]);
      expect(await trial.store.read({ kind: "one", id: "nobody" })).toEqual([]);
    });
  });
}

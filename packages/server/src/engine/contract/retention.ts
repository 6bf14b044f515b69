// What the contract says about how much of a channel is kept.
import { describe, expect, it } from "vitest";
import type { PageStart } from "../engine.ts";
import { expectLinked } from "./publishing.ts";
import { type EngineHarness, everything, publicationOf, textsOf, Trial } from "./trial.ts";

export function retention(harness: EngineHarness): void {
  describe("retention by size", () => {
    it("keeps the newest, and a floor from which they can be read without a hole", async () => {
      const trial = await Trial.begin(harness);
      const acks = await trial.sayMany("news", 100, { retention: { size: 10, ttlMs: 3_600_000 } });
      const { publications, floor, top } = await trial.history("news");
      expect(publications).toEqual(acks.slice(90).map(publicationOf));
      expect(floor).toBe(acks[89]?.position.offset);
      expect(top).toEqual(acks[99]?.position);
    });

    it("gives a reader from below the floor what is kept, which does not link to its position", async () => {
      const trial = await Trial.begin(harness);
      const acks = await trial.sayMany("news", 20, { retention: { size: 5, ttlMs: 3_600_000 } });
      const [first] = acks;
      const after = { epoch: first?.position.epoch ?? "", offset: first?.position.offset ?? 0 };
      const page = await trial.engine.read("news", { after }, everything);
      expect(textsOf(page.publications)).toEqual(["16", "17", "18", "19", "20"]);
      expect(page.publications[0]?.previous?.offset).toBe(page.floor);
      expect(page.floor).toBeGreaterThan(after.offset);
      const before = await trial.engine.read("news", { before: after }, everything);
      expect(before.publications).toEqual([]);
    });

    it("is the newest draft's: less is kept at once, more from then on", async () => {
      const trial = await Trial.begin(harness);
      const keep = (size: number): object => ({ retention: { size, ttlMs: 3_600_000 } });
      await trial.sayMany("news", 20, keep(10));
      await trial.say("news", "21", keep(2));
      expect(textsOf((await trial.history("news")).publications)).toEqual(["20", "21"]);
      await trial.say("news", "22", keep(10));
      expect(textsOf((await trial.history("news")).publications)).toEqual(["20", "21", "22"]);
    });

    it("keeps one", async () => {
      const trial = await Trial.begin(harness);
      await trial.sayMany("news", 3, { retention: { size: 1, ttlMs: 3_600_000 } });
      const page = await trial.history("news");
      expect(textsOf(page.publications)).toEqual(["3"]);
      expect(page.floor).toBe(page.publications[0]?.previous?.offset);
    });
  });
  retentionByTime(harness);
  changedRetention(harness);
}

const minute = { retention: { size: 100, ttlMs: 60_000 } } as const;

function retentionByTime(harness: EngineHarness): void {
  describe("retention by time", () => {
    it("forgets what is older than its ttl, and not what is younger", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.sayMany("news", 3, minute);
      await trial.advance(context, 30_000);
      await trial.say("news", "4", minute);
      await trial.advance(context, 29_000);
      expect(textsOf((await trial.history("news")).publications)).toEqual(["1", "2", "3", "4"]);
      await trial.advance(context, 2_000);
      const { publications, floor } = await trial.history("news");
      expect(textsOf(publications)).toEqual(["4"]);
      expect(floor).toBe(publications[0]?.previous?.offset);
    });

    it("keeps the top when nothing is left, and goes on from it", async (context) => {
      const trial = await Trial.begin(harness);
      const last = (await trial.sayMany("news", 3, minute)).at(-1);
      await trial.advance(context, 61_000);
      const starts: PageStart[] = ["oldest", "newest", { after: { epoch: last?.position.epoch ?? "", offset: 0 } }];
      for (const start of starts) {
        const page = await trial.engine.read("news", start, everything);
        expect(page).toEqual({
          publications: [],
          top: last?.position,
          floor: last?.position.offset,
          more: false,
        });
      }
      const next = publicationOf(await trial.say("news", "4", minute));
      expectLinked([next], last?.publication ?? null);
    });

    it("keeps a channel's place through hours of silence", async (context) => {
      const trial = await Trial.begin(harness);
      const ack = await trial.say("news", "x", { retention: { size: 100, ttlMs: 86_400_000 } });
      await trial.advance(context, 5 * 3_600_000);
      expect(await trial.top("news")).toEqual(ack.position);
      expect(textsOf((await trial.history("news")).publications)).toEqual(["x"]);
    });
  });
}

function changedRetention(harness: EngineHarness): void {
  describe("retention that changes", () => {
    it("does not bring back what expired when a longer one follows", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.sayMany("news", 3, minute);
      await trial.advance(context, 61_000);
      await trial.say("news", "4", { retention: { size: 100, ttlMs: 3_600_000 } });
      expect(textsOf((await trial.history("news")).publications)).toEqual(["4"]);
    });

    it("is the newest draft's for all that has not expired: kept longer, or less long", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.say("news", "1", minute);
      await trial.say("news", "2", { retention: { size: 100, ttlMs: 3_600_000 } });
      await trial.advance(context, 61_000);
      expect(textsOf((await trial.history("news")).publications)).toEqual(["1", "2"]);
      await trial.say("news", "3", minute);
      expect(textsOf((await trial.history("news")).publications)).toEqual(["3"]);
    });
  });
}

// What the contract says about stopping and starting again.
import { describe, expect, it } from "vitest";
import { expectLinked } from "./publishing.ts";
import { type EngineHarness, publicationOf, textsOf, Trial } from "./trial.ts";

export function restarting(harness: EngineHarness): void {
  describe("stop and start", () => {
    it("finishes what was accepted", async () => {
      const trial = await Trial.begin(harness);
      const acks = trial.sayMany("news", 500);
      await trial.engine.stop();
      expect(await acks).toHaveLength(500);
    });

    it("may stop twice, or without having started", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.stop();
      await trial.engine.stop();
      const { engine } = await harness.create();
      await engine.stop();
    });

    it("keeps everything, or begins other epochs, as its traits say", async () => {
      const trial = await Trial.begin(harness);
      const acks = await trial.sayMany("news", 10);
      const quiet = await trial.top("quiet");
      const kept = await trial.history("news");
      await trial.restart();
      if (trial.engine.traits.survivesRestart) {
        expect(await trial.history("news")).toEqual(kept);
        expect(await trial.top("quiet")).toEqual(quiet);
        const next = await trial.say("news", "11");
        expectLinked([publicationOf(next)], acks.at(-1)?.publication ?? null);
        return;
      }
      expect((await trial.top("news")).epoch).not.toBe(kept.top.epoch);
      expect((await trial.top("quiet")).epoch).not.toBe(quiet.epoch);
      expect((await trial.history("news")).publications).toEqual([]);
    });

    it("keeps floor, keys and a cleared channel's epoch, if it keeps anything", async (context) => {
      const trial = await Trial.begin(harness);
      if (!trial.engine.traits.survivesRestart) context.skip(`${trial.engine.traits.name} forgets at a restart`);
      const first = await trial.say("news", "once", { idempotencyKey: "k" });
      await trial.sayMany("news", 50, { retention: { size: 5, ttlMs: 3_600_000 } });
      const cleared = await trial.engine.publish("cleared", { kind: "clear" });
      const before = await trial.history("news");
      await trial.restart();
      expect(await trial.say("news", "once", { idempotencyKey: "k" })).toEqual({ ...first, duplicate: true });
      expect(await trial.history("news")).toEqual(before);
      expect(await trial.top("cleared")).toEqual(cleared.position);
    });

    it("follows nothing after a start until it is asked", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.follow("news");
      await trial.restart();
      await trial.say("news", "unheard");
      await trial.engine.follow("news");
      await trial.say("news", "heard");
      await trial.sink.until(() => trial.sink.announcements.length > 0);
      expect(textsOf(trial.sink.of("news"))).toEqual(["heard"]);
    });
  });
}

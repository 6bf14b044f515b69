// What the contract says about publications that nobody keeps.
import { describe, expect, it } from "vitest";
import { expectLinked } from "./publishing.ts";
import { type EngineHarness, publicationOf, textsOf, Trial } from "./trial.ts";

export function ephemeral(harness: EngineHarness): void {
  describe("ephemeral publications", () => {
    it("have no place and no predecessor, and are announced", async () => {
      const trial = await Trial.begin(harness);
      const { epoch } = await trial.engine.follow("typing");
      const ack = await trial.say("typing", "…", { retention: null });
      expect(ack).toMatchObject({ position: { epoch, offset: 0 }, duplicate: false });
      expect(publicationOf(ack)).toMatchObject({ offset: 0, previous: null });
      await trial.sink.until(() => trial.sink.announcements.length > 0);
      expect(trial.sink.announcements).toEqual([{ channel: "typing", epoch, publication: ack.publication }]);
    });

    it("are not in history, and move neither top nor links", async () => {
      const trial = await Trial.begin(harness);
      const first = await trial.say("news", "kept");
      for (const text of ["a", "b", "c"]) await trial.say("news", text, { retention: null });
      expect(await trial.top("news")).toEqual(first.position);
      const second = await trial.say("news", "kept too");
      expectLinked([publicationOf(first), publicationOf(second)], null);
      expect(textsOf((await trial.history("news")).publications)).toEqual(["kept", "kept too"]);
    });

    it("leave what is kept as it is", async () => {
      const trial = await Trial.begin(harness);
      await trial.sayMany("news", 5, { retention: { size: 3, ttlMs: 3_600_000 } });
      await trial.say("news", "…", { retention: null });
      expect(textsOf((await trial.history("news")).publications)).toEqual(["3", "4", "5"]);
    });

    it("carry the epoch of their channel", async () => {
      const trial = await Trial.begin(harness);
      const kept = await trial.say("news", "x");
      expect((await trial.say("news", "y", { retention: null })).position.epoch).toBe(kept.position.epoch);
      const cleared = await trial.engine.publish("news", { kind: "clear" });
      expect((await trial.say("news", "z", { retention: null })).position.epoch).toBe(cleared.position.epoch);
    });

    it("keep their place among what is kept, as it was said", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.follow("news");
      const texts = Array.from({ length: 200 }, (_, index) => `${index}`);
      await Promise.all(texts.map((text, n) => trial.say("news", text, n % 3 === 0 ? {} : { retention: null })));
      await trial.sink.until(() => trial.sink.announcements.length >= texts.length);
      expect(textsOf(trial.sink.of("news"))).toEqual(texts);
    });
  });
}

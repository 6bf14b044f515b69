// What the contract says about announcements: who hears of a publication.
import { describe, expect, it } from "vitest";
import { type EngineHarness, publicationOf, textsOf, Trial } from "./trial.ts";

export function following(harness: EngineHarness): void {
  describe("following", () => {
    it("announces what is appended to a followed channel, whole", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.follow("news");
      const acks = await trial.sayMany("news", 10);
      await trial.sink.until(() => trial.sink.announcements.length >= 10);
      expect(trial.sink.of("news")).toEqual(acks.map(publicationOf));
      expect(new Set(trial.sink.announcements.map(({ epoch }) => epoch))).toEqual(new Set([acks[0]?.position.epoch]));
    });

    it("announces nothing of other channels, nor after it is no longer followed", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.follow("followed");
      await trial.engine.follow("left");
      trial.engine.unfollow("left");
      trial.engine.unfollow("never");
      await Promise.all([trial.say("left", "x"), trial.say("other", "x"), trial.say("left", "x", { retention: null })]);
      await trial.say("followed", "last");
      await trial.sink.until(() => trial.sink.of("followed").length > 0);
      expect(trial.sink.announcements.map(({ channel }) => channel)).toEqual(["followed"]);
    });

    it("follows again", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.follow("news");
      trial.engine.unfollow("news");
      await trial.say("news", "unheard");
      expect(await trial.engine.follow("news")).toEqual(await trial.top("news"));
      await trial.say("news", "heard");
      await trial.sink.until(() => textsOf(trial.sink.of("news")).includes("heard"));
      // What was said before may still have been on its way.
      expect(textsOf(trial.sink.of("news")).filter((text) => text !== "unheard")).toEqual(["heard"]);
    });

    it("gives a top such that everything above it is announced (S10)", async () => {
      const trial = await Trial.begin(harness);
      const before = trial.sayMany("news", 50);
      const followed = trial.engine.follow("news");
      const acks = [...(await before), ...(await trial.sayMany("news", 50))];
      const top = await followed;
      const missed = acks.map(publicationOf).filter(({ offset }) => offset > top.offset);
      const heard = (): number[] => trial.sink.of("news").map(({ offset }) => offset);
      await trial.sink.until(() => missed.every(({ offset }) => heard().includes(offset)));
      expect(top.epoch).toBe(acks[0]?.position.epoch);
    });

    it("follows a channel nobody wrote to, at offset 0 of the epoch that its first publication has", async () => {
      const trial = await Trial.begin(harness);
      const followed = await trial.engine.follow("quiet");
      expect(followed).toEqual({ epoch: followed.epoch, offset: 0 });
      expect((await trial.say("quiet", "first")).position.epoch).toBe(followed.epoch);
    });
  });
}

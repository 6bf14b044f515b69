// What the contract says about forgetting a channel's history.
import { describe, expect, it } from "vitest";
import { type EngineHarness, everything, publicationOf, textsOf, Trial } from "./trial.ts";

export function clearing(harness: EngineHarness): void {
  describe("clear", () => {
    it("empties history and begins another epoch", async () => {
      const trial = await Trial.begin(harness);
      const last = (await trial.sayMany("news", 5)).at(-1);
      const ack = await trial.engine.publish("news", { kind: "clear" });
      expect(ack).toMatchObject({ publication: null, duplicate: false, position: { offset: 0 } });
      expect(ack.position.epoch).not.toBe(last?.position.epoch);
      expect(await trial.top("news")).toEqual(ack.position);
      expect(await trial.history("news")).toEqual({ publications: [], top: ack.position, floor: 0, more: false });
    });

    it("says that the channel is suspect, and announces nothing", async () => {
      const trial = await Trial.begin(harness);
      await trial.engine.follow("news");
      await trial.engine.publish("news", { kind: "clear" });
      await trial.sink.until(() => trial.sink.suspects.length > 0);
      expect(trial.sink.suspects).toEqual([["news"]]);
      expect(trial.sink.announcements).toEqual([]);
    });

    it("leaves old positions with an empty page, and the numbering starts anew", async () => {
      const trial = await Trial.begin(harness);
      const [, second] = await trial.sayMany("news", 5);
      await trial.engine.publish("news", { kind: "clear" });
      const first = await trial.say("news", "new");
      expect(publicationOf(first).previous).toBeNull();
      const after = second?.position ?? { epoch: "", offset: 0 };
      expect(await trial.engine.read("news", { after }, everything)).toMatchObject({
        publications: [],
        top: first.position,
      });
      expect(textsOf((await trial.history("news")).publications)).toEqual(["new"]);
    });

    it("never comes back to an epoch it had (S1)", async () => {
      const trial = await Trial.begin(harness);
      const epochs: string[] = [(await trial.top("news")).epoch];
      for (let round = 0; round < 5; round += 1) {
        await trial.engine.publish("news", { kind: "clear" });
        epochs.push((await trial.say("news", "x")).position.epoch);
      }
      expect(new Set(epochs).size).toBe(6);
    });

    it("stands in the order of the publishes around it", async () => {
      const trial = await Trial.begin(harness);
      const outcomes = await Promise.all([
        trial.say("news", "gone"),
        trial.engine.publish("news", { kind: "clear" }),
        trial.say("news", "there"),
        trial.say("other", "untouched"),
      ]);
      expect(outcomes[2].position.epoch).toBe(outcomes[1].position.epoch);
      expect(textsOf((await trial.history("news")).publications)).toEqual(["there"]);
      expect(textsOf((await trial.history("other")).publications)).toEqual(["untouched"]);
    });
  });
}

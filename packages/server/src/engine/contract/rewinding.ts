// What the contract says about a store that comes back older than it was.
import { describe, expect, it, type TestContext } from "vitest";
import { type EngineHarness, everything, textsOf, Trial } from "./trial.ts";

export function rewinding(harness: EngineHarness): void {
  describe("a store that came back older", () => {
    it("is under other epochs before the next ack, in every channel, and never under one it had (S8)", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.sayMany("other", 3);
      const putBack = await backUp(trial, context);
      const epochs = new Set<string>();
      for (let round = 0; round < 3; round += 1) {
        const [lost] = await trial.sayMany("news", 5);
        const before = await Promise.all(["news", "other", "quiet"].map((channel) => trial.top(channel)));
        for (const { epoch } of before) epochs.add(epoch);
        await trial.restart(putBack);
        const after = await Promise.all(["news", "other", "quiet"].map((channel) => trial.top(channel)));
        expect(after.filter(({ epoch }) => epochs.has(epoch))).toEqual([]);
        expect(after.map(({ offset }) => offset)).toEqual([0, 3, 0]);
        const next = await trial.say("news", "next");
        expect(next.position).toEqual({ epoch: after[0]?.epoch, offset: 1 });
        // Whoever stands in what was lost is given nothing of what took its place.
        const from = lost?.position ?? expect.fail("a position was expected");
        const page = await trial.engine.read("news", { after: from }, everything);
        expect([page.publications, page.top]).toEqual([[], next.position]);
        expect(textsOf((await trial.history("other")).publications)).toEqual(["1", "2", "3"]);
      }
    });

    it("keeps its new epochs over the next restart", async (context) => {
      const trial = await Trial.begin(harness);
      await trial.sayMany("news", 3);
      const putBack = await backUp(trial, context);
      await trial.sayMany("news", 3);
      await trial.restart(putBack);
      const top = await trial.top("news");
      await trial.restart();
      expect(await trial.top("news")).toEqual(top);
      await trial.say("news", "next");
      await trial.restart();
      expect(await trial.top("news")).toEqual({ epoch: top.epoch, offset: 4 });
    });
  });
}

/** Skips the test where nothing survives a restart, and so nothing can come back. */
async function backUp(trial: Trial, context: TestContext): Promise<() => void | Promise<void>> {
  const { subject } = trial;
  return (await subject.backUp?.()) ?? context.skip(`${trial.engine.traits.name} has no store to put back`);
}

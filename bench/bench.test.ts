// The bench itself: every contestant delivers to the generator what was published, once and in order. Nothing is timed.
import { describe, expect, it } from "vitest";
import { contestantNames, runTrial } from "./contestants.ts";
import { readOptions } from "./options.ts";

const subscribers = 20;
const load = { rate: 100, burst: 10, seconds: 1, bytes: 100 };
const timeoutMs = 60_000;

describe("a tiny fan-out", () => {
  it.each(contestantNames)(
    "%s",
    async (contestant) => {
      const measured = await runTrial(contestant, { loads: 1, profiles: null }, async (trial, readers) => {
        await trial.connect(readers, subscribers);
        return await trial.measure({ ...load, phase: 1 });
      });
      const { published, received, lost, repeated, reordered, strays } = measured;
      expect({ published, received, lost, repeated, reordered, strays }).toEqual({
        published: 100,
        received: 100 * subscribers,
        lost: 0,
        repeated: 0,
        reordered: 0,
        strays: 0,
      });
    },
    timeoutMs,
  );

  it(
    "with more load processes than one, and subscribers that read nothing",
    async () => {
      const measured = await runTrial("tidewire-json", { loads: 2, profiles: null }, async (trial, readers) => {
        await trial.connect(readers, subscribers, { stalled: 2 });
        return await trial.measure({ ...load, phase: 1 });
      });
      const { published, received, lost, repeated, reordered, strays } = measured;
      expect([published, received]).toEqual([100, 100 * (subscribers - 2)]);
      expect([lost, repeated, reordered, strays]).toEqual([0, 0, 0, 0]);
    },
    timeoutMs,
  );
});

describe("the command line", () => {
  it("reads numbers and contestants, and refuses what is none", () => {
    const options = readOptions(["fan-out", "--quick", "--subscribers", "50", "--only", "naive-ws,tidewire-raw"]);
    expect(options).toMatchObject({ quick: true, subscribers: 50, contestants: ["naive-ws", "tidewire-raw"] });
    for (const bad of [[], ["fan-in"], ["fan-out", "--rate", "0"], ["fan-out", "--only", "x"], ["idle", "--x"]]) {
      expect(() => readOptions(bad)).toThrow();
    }
  });
});

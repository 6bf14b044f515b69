// The bench itself: every contestant delivers to the generator what was published, once and in order. Nothing is timed.
import { describe, expect, it } from "vitest";
import { withoutRedis } from "../test/services/redis.ts";
import { redis } from "../tools/run/redis.mjs";
import { contestantNames, contestants, runTrial } from "./contestants.ts";
import { readOptions, scenarioNames } from "./options.ts";
import { isBuilt, type PeerName } from "./peers.ts";
import { scenarios } from "./scenarios/catalog.ts";

const subscribers = 20;
const load = { rate: 100, burst: 10, seconds: 1, bytes: 100 };
const timeoutMs = 60_000;

describe("a tiny fan-out", () => {
  it.for(contestantNames)("%s", { timeout: timeoutMs }, async (contestant, { skip }) => {
    const given: { readonly peer?: PeerName } = contestants[contestant];
    if (given.peer !== undefined && !isBuilt(given.peer)) skip(`${contestant} is not built; bench --peers builds it`);
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
  });

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

/** Contestants are run above, and these with as many subscribers as ever. */
const few = ["--subscribers", "50", "--only", "tidewire-json"];
const fewer: Readonly<Record<string, readonly string[]>> = {
  "fan-out": few,
  idle: few,
  connect: few,
  "slow-readers": few,
};

describe.concurrent("each scenario at its quick size", () => {
  it.for(scenarioNames)("%s", { timeout: timeoutMs * 3 }, async (name, { skip }) => {
    if (name === "redis" && redis.find() === null) skip(withoutRedis);
    const [options] = readOptions([name, "--quick", ...(fewer[name] ?? [])]);
    if (options === undefined) throw new TypeError("expected options");
    const { report, summary, rounds, deliveries } = await scenarios[name](options, () => undefined);
    expect(report).toContain("\n");
    expect([Array.isArray(summary), rounds.length]).toEqual([true, 1]);
    if (deliveries === null) return;
    expect(deliveries.wrong).toBe(0);
    expect(deliveries.received).toBeGreaterThan(0);
  });
});

describe("the command line", () => {
  it("reads numbers and contestants, and refuses what is none", () => {
    const [options] = readOptions(["fan-out", "--quick", "--subscribers", "50", "--only", "naive-ws,tidewire-raw"]);
    expect(options).toMatchObject({ quick: true, subscribers: 50, contestants: ["naive-ws", "tidewire-raw"] });
    for (const bad of [[], ["fan-in"], ["fan-out", "--rate", "0"], ["fan-out", "--only", "x"], ["idle", "--x"]]) {
      expect(() => readOptions(bad)).toThrow();
    }
  });

  it("runs all of them, each at its own size", () => {
    const all = readOptions(["all", "--only", "naive-ws"]);
    expect(all.map(({ scenario }) => scenario)).toEqual(scenarioNames);
    expect(new Set(all.map(({ subscribers }) => subscribers)).size).toBeGreaterThan(3);
    expect(new Set(all.map(({ contestants }) => contestants.join(" ")))).toEqual(new Set(["naive-ws"]));
  });
});

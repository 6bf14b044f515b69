// The torture of three nodes on one Redis, a minute of it, and the proof that it finds what is wrong. `npm run torture` is the whole.
import { expect, it, type TestContext } from "vitest";
import { engineKills, engineRestarts, engineStops, nodeKinds, olderCopy } from "../bench/torture/fault-kinds.ts";
import { orderedPromotion, primaryKills } from "../bench/torture/promotions.ts";
import type { Section } from "../bench/torture/sections.ts";
import { redisStore, type Keeping, watchedRedisStore } from "../bench/torture/stores.ts";
import { type SectionOutcome, torture } from "../bench/torture/together.ts";
import { noFaults } from "../bench/torture/witness.ts";
import { redisPath, withoutRedis } from "./services/redis.ts";

const load = { subscribers: 24, channels: 6, rate: 120 };

async function tortured(context: TestContext, section: Section, patienceMs = 60_000): Promise<SectionOutcome> {
  if (redisPath === undefined) return context.skip(withoutRedis);
  const reason = "on loopback";
  const [outcome] = await torture({
    sections: [section],
    nodes: 3,
    load,
    times: 1,
    limitMs: 50_000,
    patienceMs,
    only: null,
    seed: 1,
    tools: {
      redis: redisPath,
      nats: "",
      nft: "",
      faketime: null,
      chromium: null,
      without: { cuts: reason, clocks: reason, disk: reason, browser: reason },
    },
    say: () => undefined,
    keep: () => undefined,
  });
  return outcome ?? expect.fail("an outcome was expected");
}

/** Kept, as readers of it believe, over whatever is done. */
const kept = (keeping: Keeping, section: Pick<Section, "kinds" | "newEpochs">): Section => ({
  ...section,
  name: `redis ${keeping}`,
  servers: 1,
  keepsAcked: true,
  store: ({ redis }, options) => redisStore(redis, keeping, options),
});

it(
  "nodes and engine are killed, stopped and restarted: nothing acked is lost, repeated, reordered or wrongly recovered",
  { timeout: 240_000 },
  async (context) => {
    const restarts = [engineKills, engineRestarts];
    const kinds = [...nodeKinds, engineStops, ...restarts];
    const outcome = await tortured(context, kept("always", { kinds, newEpochs: restarts }));
    expect(outcome).toMatchObject({
      faults: { tidewire: noFaults(), "centrifuge-js": noFaults() },
      lostFromLog: 0,
      needlesslyUnrecovered: 0,
      stuck: [],
      isFlawless: true,
    });
    expect(outcome.deliveries).toBeGreaterThan(2 * outcome.acked);
    expect(outcome.durability).toEqual(["fsync"]);
  },
);

it(
  "an older copy under a Redis that is said to be durable is found: what was acked is lost, and readers are told a lie",
  { timeout: 120_000 },
  async (context) => {
    const outcome = await tortured(context, kept("durable", { kinds: [olderCopy], newEpochs: [] }), 10_000);
    expect(outcome.isFlawless).toBe(false);
    const { misplaced, repeated } = outcome.faults.tidewire;
    expect(misplaced + repeated + outcome.lostFromLog).toBeGreaterThan(0);
  },
);

it(
  "a primary that is killed or replaced: nobody is told a lie, and no offset is given twice",
  { timeout: 240_000 },
  async (context) => {
    const kinds = [primaryKills, orderedPromotion];
    const outcome = await tortured(context, {
      name: "redis, sentinels",
      servers: 3,
      kinds,
      newEpochs: kinds,
      keepsAcked: false,
      store: ({ redis }, options) => watchedRedisStore(redis, options),
    });
    expect(outcome).toMatchObject({
      faults: { tidewire: noFaults(), "centrifuge-js": noFaults() },
      stuck: [],
      isFlawless: true,
      durability: ["volatile"],
    });
    // Each reader came back from each promotion, and was told that it was one.
    const told = Object.values(outcome.kinds).map(({ returns, recovered }) => [returns >= load.subscribers, recovered]);
    expect(told).toEqual([
      [true, 0],
      [true, 0],
    ]);
  },
);

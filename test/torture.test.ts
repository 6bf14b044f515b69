// The torture of three nodes on one Redis, a minute of it, and the proof that it finds what is wrong. `npm run torture` is the whole.
import { expect, it, type TestContext } from "vitest";
import {
  engineKills,
  engineRestarts,
  engineStops,
  type FaultKind,
  nodeKinds,
  olderCopy,
} from "../bench/torture/fault-kinds.ts";
import { redisStore, type Keeping } from "../bench/torture/stores.ts";
import { type SectionOutcome, torture } from "../bench/torture/together.ts";
import { noFaults } from "../bench/torture/witness.ts";
import { redisPath, withoutRedis } from "./services/redis.ts";

interface Short {
  readonly keeping: Keeping;
  readonly kinds: readonly FaultKind[];
  readonly newEpochs: readonly FaultKind[];
  readonly patienceMs?: number;
}

async function tortured(
  context: TestContext,
  { keeping, kinds, newEpochs, patienceMs = 60_000 }: Short,
): Promise<SectionOutcome> {
  if (redisPath === undefined) return context.skip(withoutRedis);
  const section = {
    name: `redis ${keeping}`,
    servers: 1,
    kinds,
    newEpochs,
    keepsAcked: true,
    store: (programs: { readonly redis: string }, options: Parameters<typeof redisStore>[2]) =>
      redisStore(programs.redis, keeping, options),
  };
  const reason = "on loopback";
  const [outcome] = await torture({
    sections: [section],
    nodes: 3,
    load: { subscribers: 24, channels: 6, rate: 120 },
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

it(
  "nodes and engine are killed, stopped and restarted: nothing acked is lost, repeated, reordered or wrongly recovered",
  { timeout: 240_000 },
  async (context) => {
    const restarts = [engineKills, engineRestarts];
    const kinds = [...nodeKinds, engineStops, ...restarts];
    const outcome = await tortured(context, { keeping: "always", kinds, newEpochs: restarts });
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
    const outcome = await tortured(context, {
      keeping: "durable",
      kinds: [olderCopy],
      newEpochs: [],
      patienceMs: 10_000,
    });
    expect(outcome.isFlawless).toBe(false);
    const { misplaced, repeated } = outcome.faults.tidewire;
    expect(misplaced + repeated + outcome.lostFromLog).toBeGreaterThan(0);
  },
);

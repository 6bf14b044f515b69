// A Redis cluster: each lane is at the server that has its slot, also after the slot has moved or the server is no more.
import { createClient } from "@redis/client";
import type { RedisClient } from "@tidewire/server/redis";
import { afterAll, beforeAll, describe, it } from "vitest";
import { engineContract } from "../../packages/server/src/engine/contract.ts";
import { type RedisEngine, redisEngineOf } from "../../packages/server/src/engines/redis/redis-engine.ts";
import { redisPath, valkeyPath, withoutRedis, withoutValkey } from "../services/redis.ts";
import { RedisCluster } from "../services/redis-cluster.ts";
import { movedLaneScript, moveLanesTime } from "./moved-time.ts";

describe.for([
  ["redis", redisPath, withoutRedis],
  ["valkey", valkeyPath, withoutValkey],
] as const)("a cluster of three: %s", ([, program, reason]) => {
  if (program === undefined) return it("is not here", (context) => context.skip(reason));
  let cluster: RedisCluster;
  let tries = 0;
  beforeAll(async () => {
    const settings = { "cluster-node-timeout": "60000" };
    cluster = await RedisCluster.start({ program, primaries: 3, replicas: 0, settings });
  });
  afterAll(() => cluster.remove());

  engineContract("redis, a cluster", {
    create: () => {
      tries += 1;
      const prefix = `try-${tries}`;
      const make = (): RedisEngine => redisEngineOf({ client: nodesOf(cluster), prefix }, movedLaneScript);
      return { engine: make(), reopen: make, advance: (ms) => moveLanesTime(cluster, prefix, ms) };
    },
  });
});

/** One of its nodes is enough. */
function nodesOf({ servers }: RedisCluster): RedisClient {
  return createClient({ url: servers[1]?.url ?? "" });
}

// Redis' clock for tests: what a key says, or its own, moved by that.
import { type Scripts, scriptsOf } from "../../packages/server/src/engines/redis/script/script.ts";
import { laneCount } from "../../packages/server/src/engines/redis/keys.ts";
import type { RedisServer } from "../services/redis.ts";
import type { RedisCluster } from "../services/redis-cluster.ts";

const key = "moved-by-a-test";

export const movedScript: Scripts = scriptsOf(
  "(function() local t = redis.call('TIME'); " +
    `return t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(redis.call('GET', '${key}') or '0') end)()`,
);

export async function moveTime(server: RedisServer, ms: number): Promise<void> {
  await server.ask("INCRBY", key, `${ms}`);
}

/** In a cluster each lane has a time of its own, where its keys are. */
export const movedLaneScript: Scripts = scriptsOf(
  "(function() local t = redis.call('TIME'); local moved = string.match(KEYS[1], '^.-{%d+}') .. ':moved'; " +
    "return t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(redis.call('GET', moved) or '0') end)()",
);

export async function moveLanesTime(cluster: RedisCluster, prefix: string, ms: number): Promise<void> {
  const keys = Array.from({ length: laneCount }, (_, lane) => `${prefix}:{${lane}}:moved`);
  await cluster.askAt(keys.map((name) => [name, "INCRBY", name, `${ms}`]));
}

/** One that stands still until it is moved. */
export const heldScript: Scripts = scriptsOf(`tonumber(redis.call('GET', '${key}'))`);

export async function holdTime(server: RedisServer, nowMs: number): Promise<void> {
  await server.ask("SET", key, `${nowMs}`);
}

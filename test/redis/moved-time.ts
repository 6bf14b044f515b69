// Redis' clock for tests: its own, moved by what a key says.
import { type Script, scriptOf } from "../../packages/server/src/engines/redis/script/script.ts";
import type { RedisServer } from "../services/redis.ts";

const key = "moved-by-a-test";

export const movedScript: Script = scriptOf(
  "(function() local t = redis.call('TIME'); " +
    `return t[1] * 1000 + math.floor(t[2] / 1000) + tonumber(redis.call('GET', '${key}') or '0') end)()`,
);

export async function moveTime(server: RedisServer, ms: number): Promise<void> {
  await server.ask("INCRBY", key, `${ms}`);
}

// The engine contract on a real Redis, and on Valkey where there is one.
import { createClient } from "@redis/client";
import { afterAll, beforeAll, describe, it } from "vitest";
import { engineContract } from "../../packages/server/src/engine/contract.ts";
import type { EngineHarness } from "../../packages/server/src/engine/contract/trial.ts";
import { type RedisEngine, redisEngineOf } from "../../packages/server/src/engines/redis/redis-engine.ts";
import { movedScript, moveTime } from "./moved-time.ts";
import { redisPath, RedisServer, valkeyPath, withoutRedis, withoutValkey } from "../services/redis.ts";

function harnessFor(serverOf: () => RedisServer): EngineHarness {
  let tries = 0;
  return {
    create: () => {
      const server = serverOf();
      tries += 1;
      const prefix = `try-${tries}`;
      const make = (): RedisEngine => redisEngineOf({ client: createClient({ url: server.url }), prefix }, movedScript);
      return {
        engine: make(),
        reopen: make,
        advance: (ms) => moveTime(server, ms),
        backUp: () => server.backUp(),
      };
    },
  };
}

for (const [name, program, reason] of [
  ["redis", redisPath, withoutRedis],
  ["valkey", valkeyPath, withoutValkey],
] as const) {
  describe(name, () => {
    if (program === undefined) return it("is not here", (context) => context.skip(reason));
    let server: RedisServer;
    beforeAll(async () => {
      server = await RedisServer.start({ program });
    });
    afterAll(() => server.remove());
    engineContract(
      name,
      harnessFor(() => server),
    );
  });
}

// The job store on BullMQ: the contract on a real Redis, and what dies under it.
import * as library from "bullmq";
import { createClient } from "@redis/client";
import { bullmqStore } from "@tidewire/jobs/bullmq";
import type { Clock, JobStore } from "@tidewire/jobs";
import { jobStoreContract } from "@tidewire/jobs/testing";
import { systemClock } from "@tidewire/protocol/ports";
import { afterAll, beforeAll, describe, it } from "vitest";
import { FakeClock } from "../../packages/jobs/test/fake-clock.ts";
import { keeping, redisPath, RedisServer, withoutRedis } from "../services/redis.ts";
import { age } from "./aged-jobs.ts";

describe("on BullMQ", () => {
  if (redisPath === undefined) return it("is not here", (context) => context.skip(withoutRedis));
  let server: RedisServer;
  let tries = 0;
  beforeAll(async () => {
    server = await RedisServer.start({ settings: keeping.always });
  });
  afterAll(() => server.remove());
  jobStoreContract("bullmq", {
    create() {
      tries += 1;
      const prefix = `try-${tries}`;
      const timers = new FakeClock();
      const clock: Clock = { ...systemClock, after: (ms, act) => timers.after(ms, act) };
      const open = (): JobStore => bullmqStore({ library, client: createClient({ url: server.url }), prefix, clock });
      const advance = async (ms: number): Promise<void> => {
        timers.advance(ms);
        await age(server, prefix, ms);
      };
      return { store: open(), another: open, advance };
    },
  });
});

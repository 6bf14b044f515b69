// What a test of jobs on BullMQ begins with: a Redis that keeps what it acks, and a store on it.
import * as library from "bullmq";
import { createClient } from "@redis/client";
import type { JobStore } from "@tidewire/jobs";
import { bullmqStore } from "@tidewire/jobs/bullmq";
import { onTestFinished, type TestContext } from "vitest";
import { keeping, RedisServer } from "../services/redis.ts";

export function storeOn(server: RedisServer, options: { readonly durability?: "trusted" } = {}): JobStore {
  const store = bullmqStore({ library, client: createClient({ url: server.url }), ...options });
  onTestFinished(() => store.close());
  return store;
}

export async function opened(
  context: TestContext,
): Promise<{ readonly server: RedisServer; readonly store: JobStore }> {
  const server = await RedisServer.forTest(context, { settings: keeping.always });
  const store = storeOn(server);
  await store.open();
  return { server, store };
}

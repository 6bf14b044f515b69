// Two nodes on one Redis, however many servers it is: what somebody sees or asks is the same, whichever has the connection.
import { createClient } from "@redis/client";
import { redisEngine, type RedisEngineOptions } from "@tidewire/server/redis";
import { describe, type TestContext } from "vitest";
import { nodesTogether, serveNode } from "../nodes-together.ts";
import { RedisServer } from "../services/redis.ts";
import { RedisCluster } from "../services/redis-cluster.ts";
import { WatchedRedis } from "../services/redis-sentinel.ts";

const servers: Readonly<Record<string, (context: TestContext) => Promise<() => RedisEngineOptions>>> = {
  "one server": async (context) => {
    const { url } = await RedisServer.forTest(context);
    return () => ({ client: createClient({ url }) });
  },
  "a primary that Sentinels name": async (context) => {
    const watched = await WatchedRedis.forTest(context, { replicas: 0 });
    return () => ({ client: watched.client, sentinel: watched.sentinels });
  },
  "a cluster of two": async (context) => {
    const cluster = await RedisCluster.forTest(context, { primaries: 2, replicas: 0 });
    return () => ({ client: cluster.servers.map(({ url }) => createClient({ url })) });
  },
};

describe.for(Object.entries(servers))("%s", ([, optionsOn]) => {
  nodesTogether(async (context) => {
    const options = await optionsOn(context);
    const node = (name: string): ReturnType<typeof serveNode> => serveNode(name, redisEngine(options()));
    return [await node("1"), await node("2")];
  });
});

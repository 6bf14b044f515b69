// Two nodes on one Redis: what somebody sees or asks is the same, whichever node has the connection.
import { createClient } from "@redis/client";
import { redisEngine } from "@tidewire/server/redis";
import { nodesTogether, serveNode } from "../nodes-together.ts";
import { RedisServer } from "../services/redis.ts";

nodesTogether(async (context) => {
  const { url } = await RedisServer.forTest(context);
  const node = (name: string): ReturnType<typeof serveNode> =>
    serveNode(name, redisEngine({ client: createClient({ url }) }));
  return [await node("1"), await node("2")];
});

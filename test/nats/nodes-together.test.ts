// Two nodes on one NATS, however many servers it is: what somebody sees or asks is the same, whichever has the connection.
import { natsEngine } from "@tidewire/server/nats";
import { afterAll, beforeAll, describe, it } from "vitest";
import { nodesTogether, serveNode } from "../nodes-together.ts";
import { connecting, natsPath, NatsServer, withoutNats, withoutNatsCluster } from "../services/nats.ts";

/** Declares the suite for nodes that connect to two of these servers, or both to the only one. */
function together(start: () => Promise<readonly NatsServer[]>): void {
  let servers: readonly NatsServer[] = [];
  let tries = 0;
  beforeAll(async () => {
    servers = await start();
  });
  afterAll(() => Promise.all(servers.map((server) => server.remove())));
  nodesTogether(async () => {
    tries += 1;
    const prefix = `try-${tries}`;
    const node = (name: string, at: number): ReturnType<typeof serveNode> => {
      const { url } = servers[at % servers.length] ?? { url: "" };
      return serveNode(name, natsEngine({ connect: connecting(url), prefix }));
    };
    return [await node("1", 0), await node("2", 1)];
  });
}

describe("one server", () => {
  if (natsPath === undefined) return it("is not here", (context) => context.skip(withoutNats));
  together(async () => [await NatsServer.start()]);
});

describe("three servers", () => {
  const reason = withoutNatsCluster();
  if (reason !== null) return it("are not here", (context) => context.skip(reason));
  together(() => NatsServer.cluster());
});

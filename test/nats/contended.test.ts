// Several nodes that publish with idempotency keys to one channel of a NATS cluster at once: each is told at once what became of it.
import { expect, it } from "vitest";
import { expectLinked } from "../../packages/server/src/engine/contract/publishing.ts";
import { everything, publicationOf, textBody } from "../../packages/server/src/engine/contract/trial.ts";
import { NatsServer, withoutNatsCluster } from "../services/nats.ts";
import { plenty, startEngine } from "./engines.ts";

it(
  "acks every publish with a key, however many nodes write to the channel (P3, P4)",
  { timeout: 90_000 },
  async (context) => {
    const reason = withoutNatsCluster();
    if (reason !== null) return context.skip(reason);
    const servers = await NatsServer.cluster();
    context.onTestFinished(() => Promise.all(servers.map((server) => server.remove())).then(() => undefined));
    const urls = servers.map(({ url }) => url);
    const nodes = [await startEngine(urls), await startEngine(urls), await startEngine(urls)];
    const acks = await Promise.all(
      nodes.flatMap(({ engine }, node) =>
        Array.from({ length: 10 }, (_, n) => {
          const idempotencyKey = `${node}:${n}`;
          return engine.publish("news", {
            kind: "value",
            body: textBody(idempotencyKey),
            retention: plenty,
            idempotencyKey,
          });
        }),
      ),
    );
    const { publications } = await (nodes[0]?.engine.read("news", "oldest", everything) ?? expect.fail("a node"));
    expectLinked(publications, null);
    expect(acks.map(publicationOf).toSorted((one, other) => one.offset - other.offset)).toEqual(publications);
  },
);

// Nodes whose clocks differ: what has been published once is known to all of them, whatever time it is where (P4).
import { expect, it } from "vitest";
import { everything, publicationOf, textBody, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import type { Ack, Engine, TableRetention } from "../../packages/server/src/engine/engine.ts";
import { systemClock } from "../../packages/server/src/ports/clock.ts";
import { NatsServer, withoutNatsTables } from "../services/nats.ts";
import { startEngine } from "./engines.ts";

const hourMs = 3_600_000;
/** Long enough for both: what is kept goes by the clock of whoever publishes. */
const kept = { size: 100, ttlMs: 24 * hourMs } as const;
const table: TableRetention = { kind: "table", keys: 100, bytes: 10_000, ttlMs: 24 * hourMs };

function once(engine: Engine, idempotencyKey: string): Promise<Ack> {
  return engine.publish("news", { kind: "value", body: textBody("once"), retention: kept, idempotencyKey });
}

/** Nodes of one NATS: the clock of the first is right, those of the others are an hour ahead and an hour behind. */
async function nodesOf({ url }: NatsServer): Promise<readonly Engine[]> {
  const clocks = [0, hourMs, -hourMs].map((byMs) => ({ ...systemClock, wall: () => systemClock.wall() + byMs }));
  return await Promise.all(clocks.map(async (clock) => (await startEngine(url, { clock })).engine));
}

/** What was answered is forgotten, as if the node had ended before it was remembered. */
async function forget(server: NatsServer): Promise<void> {
  await server.asOperator((manager) => manager.streams.purge("tidewire-keys"));
}

it("a repetition is known to a node whose clock is an hour off, and what such a node has published to the others", async (context) => {
  const server = await NatsServer.forTest(context);
  const nodes = await nodesOf(server);
  for (const [n, first] of nodes.entries()) {
    const { position, publication } = await once(first, `key ${n}`);
    for (const node of nodes)
      expect(await once(node, `key ${n}`)).toEqual({ position, publication, duplicate: true, durability: "process" });
    await forget(server);
    for (const node of nodes) expect(await once(node, `key ${n}`)).toMatchObject({ position, duplicate: true });
  }
  const page = await nodes[0]?.read("news", "oldest", everything);
  expect(textsOf(page?.publications ?? [])).toEqual(["once", "once", "once"]);
});

it("so is one in a table", async (context) => {
  const reason = withoutNatsTables();
  if (reason !== null) context.skip(reason);
  const server = await NatsServer.forTest(context);
  const nodes = await nodesOf(server);
  const body = { ...textBody("once"), key: "a" };
  const set = (engine: Engine): Promise<Ack> =>
    engine.publish("market", { kind: "value", body, retention: table, idempotencyKey: "key" });
  const [first, ...others] = nodes;
  if (first === undefined) expect.fail("a node was expected");
  const { offset } = publicationOf(await set(first));
  for (const node of others) expect(await set(node)).toMatchObject({ duplicate: true, position: { offset } });
  await forget(server);
  for (const node of others) expect(await set(node)).toMatchObject({ duplicate: true, position: { offset } });
});

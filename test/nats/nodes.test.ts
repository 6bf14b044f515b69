// Several nodes on one NATS: one order for all, and announcements that are lost on the way are found missing.
import { expect, it } from "vitest";
import { expectLinked } from "../../packages/server/src/engine/contract/publishing.ts";
import { everything, publicationOf, textBody, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import { connecting, NatsServer } from "../services/nats.ts";
import { lossy, plenty, say, startEngine } from "./engines.ts";

it("gives the publishes of three nodes one order, without a hole, and each hears all (S1)", async (context) => {
  const server = await NatsServer.forTest(context);
  const nodes = [];
  for (let count = 0; count < 3; count += 1) nodes.push(await startEngine(server.url));
  for (const { engine } of nodes) await engine.follow("news");
  const acks = await Promise.all(
    nodes.flatMap(({ engine }, node) => Array.from({ length: 40 }, (_, n) => say(engine, "news", `${node}:${n}`))),
  );
  const { publications } = await (nodes[0]?.engine.read("news", "oldest", everything) ?? expect.fail("a node"));
  expect(publications).toHaveLength(120);
  expectLinked(publications, null);
  expect(acks.map(publicationOf).toSorted((one, other) => one.offset - other.offset)).toEqual(publications);
  for (const { sink } of nodes) {
    // Announcements may come twice, and overtake each other.
    const heard = (): Map<number, unknown> => new Map(sink.of("news").map((each) => [each.offset, each]));
    await sink.until(() => heard().size === 120);
    expect(publications.map(({ offset }) => heard().get(offset))).toEqual(publications);
  }
  for (const node of [0, 1, 2]) {
    const own = textsOf(publications).filter((text) => text.startsWith(`${node}:`));
    expect(own).toEqual(Array.from({ length: 40 }, (_, n) => `${node}:${n}`));
  }
});

it("makes one entry of a publish that two nodes say with one idempotency key at once (P4)", async (context) => {
  const server = await NatsServer.forTest(context);
  const [one, two] = [await startEngine(server.url), await startEngine(server.url)];
  const draft = { kind: "value", body: textBody("once"), retention: plenty, idempotencyKey: "k" } as const;
  const acks = await Promise.all([one, two, one, two, one, two].map(({ engine }) => engine.publish("news", draft)));
  expect(acks.filter((ack) => !ack.duplicate)).toHaveLength(1);
  expect(new Set(acks.map((ack) => ack.publication?.id)).size).toBe(1);
  const page = await one.engine.read("news", "oldest", everything);
  expect(page.publications).toHaveLength(1);
});

it("finds that the last announcement did not arrive, though nothing follows it", async (context) => {
  const server = await NatsServer.forTest(context);
  let isDeaf = false;
  const { engine, sink } = await startEngine(server.url, { connect: lossy(connecting(server.url), () => isDeaf) });
  const { engine: other } = await startEngine(server.url);
  await engine.follow("news");
  await engine.follow("quiet");
  await say(other, "news", "heard");
  await sink.until(() => sink.announcements.length > 0);
  isDeaf = true;
  await say(other, "news", "lost");
  await sink.until(() => sink.suspects.length > 0);
  expect(sink.suspects).toEqual([["news"]]);
});

it("lets go of what is forgotten", async (context) => {
  const server = await NatsServer.forTest(context);
  const { engine } = await startEngine(server.url);
  const few = { size: 5, ttlMs: 3_600_000 };
  for (let n = 1; n <= 128; n += 1) {
    await engine.publish("news", { kind: "value", body: textBody(`${n}`), retention: few });
  }
  await expect
    .poll(() => server.asOperator(async (manager) => (await manager.streams.info("tidewire-logs")).state.messages))
    .toBe(5);
  const { publications, floor } = await engine.read("news", "oldest", everything);
  expect([textsOf(publications), floor]).toEqual([["124", "125", "126", "127", "128"], 123]);
});

// What comes in faster than a turn takes it in: it waits, in order, and counts as if it had been taken in at once.
import { defineChannel } from "@tidewire/protocol";
import { expect, it } from "vitest";
import type { FakeConnection } from "../testing/fake-connection.ts";
import { FakeNode } from "../testing/fake-node.ts";

const news = defineChannel("news", { history: { size: 10_000, ttlMs: 3_600_000 }, presence: true });

/** A node whose turns are over after a few messages, and clients of it. */
async function busy(clients: number): Promise<{ node: FakeNode; connections: readonly FakeConnection[] }> {
  const node = await FakeNode.start({ channels: [news] });
  const connections = await Promise.all(Array.from({ length: clients }, () => node.connected()));
  for (const connection of connections) connection.messages.length = 0;
  node.clock.lookMs = 1;
  return { node, connections };
}

const publish = (n: number): string => JSON.stringify({ id: n, publish: { channel: "news", data: n } });

/** Turns until nobody's messages wait. */
async function settled(node: FakeNode): Promise<void> {
  for (let turn = 0; turn < 400; turn += 1) {
    node.clock.turn();
    await node.settle();
  }
  node.clock.lookMs = 0;
}

async function logged(node: FakeNode): Promise<readonly unknown[]> {
  const page = await node.hub.history("news", { limit: 1_000, since: null, reverse: false });
  return page.publications.map(({ data }) => JSON.parse(Buffer.from(data).toString()) as unknown);
}

it("is taken in in order, and its client is not read while much of it waits", async () => {
  const { node, connections } = await busy(1);
  const [connection] = connections;
  const numbers = Array.from({ length: 100 }, (_, n) => n + 1);
  for (const n of numbers) connection?.say(publish(n));
  expect(node.metrics.snapshot()["messages_late"]).toBeGreaterThan(80);
  expect(connection?.isHeld).toBe(true);
  await settled(node);
  expect(connection?.isHeld).toBe(false);
  expect(await logged(node)).toEqual(numbers);
});

it("is not behind all that another has put into one message", async () => {
  const { node, connections } = await busy(3);
  const [third, many, one] = connections;
  const ping = (id: number): string => JSON.stringify({ id, rpc: { method: "tide.ping" } });
  // From then on the turn is over.
  for (let id = 1; node.metrics.snapshot()["messages_late"] === undefined; id += 1) third?.say(ping(id));
  many?.say(Array.from({ length: 100 }, (_, n) => ping(n + 1)).join("\n"));
  one?.say(ping(1));
  const answered = (connection: FakeConnection | undefined): number =>
    connection?.lines.filter(({ id }) => id !== undefined).length ?? 0;
  while (answered(one) === 0) {
    node.clock.turn();
    await Promise.resolve();
  }
  expect(answered(many)).toBeLessThan(20);
  await settled(node);
  expect(answered(many)).toBe(100);
});

it("is more than is kept: the oldest are taken in, and none is lost", async () => {
  const { node, connections } = await busy(1);
  const numbers = Array.from({ length: 1_500 }, (_, n) => n + 1);
  for (const n of numbers) connections[0]?.say(JSON.stringify({ id: n, rpc: { method: "tide.ping" } }));
  await settled(node);
  expect(connections[0]?.lines.filter(({ id }) => id !== undefined).map(({ id }) => id)).toEqual(numbers);
});

it("counts though its client has gone, and that is why it is here until then", async () => {
  const { node, connections } = await busy(1);
  const numbers = Array.from({ length: 30 }, (_, n) => n + 1);
  for (const n of numbers) connections[0]?.say(publish(n));
  connections[0]?.opened?.closed(1000, "");
  expect(node.sessions.size).toBe(1);
  await settled(node);
  expect([node.sessions.size, await logged(node)]).toEqual([0, numbers]);
});

it("is nothing once the server has closed", async () => {
  const { node, connections } = await busy(1);
  for (let n = 0; n < 100; n += 1) connections[0]?.say("no JSON");
  await settled(node);
  expect(connections[0]?.ended?.code).toBe(3501);
  expect(node.metrics.snapshot()["bad_frames"]).toBe(1);
});

it("closes nobody who could not say that he is alive, since he was not read", async () => {
  const { node, connections } = await busy(1);
  const [connection] = connections;
  node.clock.lookMs = 0;
  while (connection?.messages.length === 0) {
    node.clock.advance(1_000);
    await node.settle();
  }
  // It was pinged just now.
  expect(connection?.lines).toEqual([{}]);
  node.clock.lookMs = 1;
  for (let n = 1; n <= 60; n += 1) connection?.say(publish(n));
  connection?.say("{}");
  node.clock.lookMs = 0;
  // Nothing is taken in meanwhile: the turn does not come.
  expect(connection?.isHeld).toBe(true);
  await settled(node);
  node.clock.advance(15_000);
  await node.settle();
  expect(connection?.ended).toBeNull();
});

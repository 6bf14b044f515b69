// A `latest` channel of two nodes on one NATS, as those who read it see it: the whole table first, and what changed after a way back.
import { defineChannel } from "@tidewire/protocol";
import { natsEngine } from "@tidewire/server/nats";
import { expect, it, type TestContext } from "vitest";
import { systemClock } from "../../packages/server/src/ports/clock.ts";
import { connected, Listener } from "../centrifuge-client.ts";
import { connecting, NatsServer, withoutNatsTables } from "../services/nats.ts";
import { serve, type Served } from "../serving.ts";

const market = defineChannel("market:{venue}", {
  mode: "latest",
  key: (value) => (value as { symbol: string }).symbol,
  history: { ttlMs: 60_000 },
});

/** Makes nodes of one NATS, whose time may be moved. */
async function nodes(
  context: TestContext,
): Promise<{ node: (name: string) => Promise<Served>; later: (ms: number) => void }> {
  const reason = withoutNatsTables();
  if (reason !== null) context.skip(reason);
  const { url } = await NatsServer.forTest(context);
  let movedMs = 0;
  const clock = { ...systemClock, wall: () => systemClock.wall() + movedMs };
  const node = (nodeName: string): Promise<Served> =>
    serve({
      channels: [market],
      engine: natsEngine({ connect: connecting(url), clock }),
      nodeName,
      mode: "development",
    });
  return { node, later: (ms) => void (movedMs += ms) };
}

function said({ publications }: Listener): unknown[] {
  return publications.map(({ data, tags }) => (data === null ? `-${tags?.["tide.key"]}` : (data as unknown)));
}

it("begins with the whole table, of whichever node it is, and goes on with what changed (F2, F3)", async (context) => {
  const { node } = await nodes(context);
  const [one, two] = [await node("1"), await node("2")];
  const [here, there] = [one, two].map(({ tide }) => tide.channel(market, { venue: "x" }));
  for (const price of [1, 2]) {
    await here?.publish({ symbol: "a", price });
    await there?.publish({ symbol: "b", price });
  }
  for (const { socketUrl } of [one, two]) {
    const listener = new Listener(await connected(socketUrl), "market:x");
    await listener.until(({ publications }) => publications.length === 2);
    expect(said(listener)).toEqual([
      { symbol: "a", price: 2 },
      { symbol: "b", price: 2 },
    ]);
  }
  const listener = new Listener(await connected(two.socketUrl), "market:x");
  await listener.until(({ publications }) => publications.length === 2);
  await here?.remove("a");
  await listener.until(({ publications }) => publications.length === 3);
  expect(said(listener).at(-1)).toBe("-a");
});

it("recovers at the other node with each key that changed, removals too; below the floor it gets the whole (F4)", async (context) => {
  const { node, later } = await nodes(context);
  const [one, two] = [await node("1"), await node("2")];
  const channel = one.tide.channel(market, { venue: "x" });
  for (const symbol of ["a", "b"]) await channel.publish({ symbol, price: 1 });
  const { position: since } = await channel.publish({ symbol: "c", price: 1 });
  const before = new Listener(await connected(one.socketUrl), "market:x");
  await before.until(({ publications }) => publications.length === 3);
  await one.stop();
  const there = two.tide.channel(market, { venue: "x" });
  await there.remove("a");
  await there.publish({ symbol: "c", price: 2 });
  const back = new Listener(await connected(two.socketUrl), "market:x", { since, recoverable: true });
  await back.until(({ publications }) => publications.length === 2);
  expect(back.establishments).toEqual([{ wasRecovering: true, recovered: true }]);
  expect(said(back)).toEqual(["-a", { symbol: "c", price: 2 }]);
  later(61_000);
  const three = await node("3");
  const late = new Listener(await connected(three.socketUrl), "market:x", { since, recoverable: true });
  await late.until(({ publications }) => publications.length === 2);
  expect(late.establishments).toEqual([{ wasRecovering: true, recovered: false }]);
  expect(said(late)).toEqual([
    { symbol: "b", price: 1 },
    { symbol: "c", price: 2 },
  ]);
});

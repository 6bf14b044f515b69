// A `latest` channel as the official JavaScript SDK sees it: unmodified, keys and removals in tags.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { expect, onTestFinished, test } from "vitest";
import { connected, Listener } from "./centrifuge-client.ts";

const market = defineChannel("market:{venue}", {
  mode: "latest",
  key: (value) => (value as { symbol: string }).symbol,
});

test("an official SDK gets the whole table, changes and removals, with keys in tags; and may remove by RPC", async () => {
  const tide = createTidewire({ channels: [market] });
  const server = createServer();
  onTestFinished(async () => {
    server.close();
    await tide.stop({ drainMs: 1 });
  });
  tide.attach(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const channel = tide.channel(market, { venue: "x" });
  for (const [symbol, price] of [
    ["a", 1],
    ["b", 2],
    ["a", 3],
  ] as const)
    await channel.publish({ symbol, price });
  const client = await connected(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const listener = new Listener(client, "market:x");
  await listener.until(({ publications }) => publications.length === 2);
  await channel.remove("a");
  await listener.until(({ publications }) => publications.length === 3);
  await client.rpc("tide.remove", { channel: "market:x", key: "b" });
  await listener.until(({ publications }) => publications.length === 4);
  expect(listener.publications.map(({ data, offset, tags }) => ({ data: data as unknown, offset, tags }))).toEqual([
    { data: { symbol: "b", price: 2 }, offset: 2, tags: { "tide.key": "b" } },
    { data: { symbol: "a", price: 3 }, offset: 3, tags: { "tide.key": "a" } },
    { data: null, offset: 4, tags: { "tide.key": "a", "tide.removed": "1" } },
    { data: null, offset: 5, tags: { "tide.key": "b", "tide.removed": "1" } },
  ]);
});

test("it comes back with what changed since, removals included", async () => {
  const tide = createTidewire({ channels: [market] });
  const server = createServer();
  onTestFinished(async () => {
    server.close();
    await tide.stop({ drainMs: 1 });
  });
  tide.attach(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const channel = tide.channel(market, { venue: "x" });
  for (const symbol of ["a", "b", "c"]) await channel.publish({ symbol, price: 1 });
  const client = await connected(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const listener = new Listener(client, "market:x");
  await listener.until(({ publications }) => publications.length === 3);
  client.disconnect();
  await channel.remove("a");
  await channel.publish({ symbol: "c", price: 2 });
  client.connect();
  await listener.until(({ publications }) => publications.length === 5);
  expect(listener.establishments.at(-1)).toEqual({ wasRecovering: true, recovered: true });
  expect(listener.publications.slice(3).map(({ data, offset }) => ({ data: data as unknown, offset }))).toEqual([
    { data: null, offset: 4 },
    { data: { symbol: "c", price: 2 }, offset: 5 },
  ]);
});

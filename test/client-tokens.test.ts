// Subscription tokens in the client, against the real server (PROTOCOL 1.9, 1.10).
import { type Channel, type Client, createClient, type TokenSource } from "@tidewire/client";
import { defineChannel } from "@tidewire/protocol";
import type { Clock } from "@tidewire/server";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { expect, onTestFinished, test } from "vitest";
import { open, serve, type Served } from "./serving.ts";

const orders = defineChannel("$orders:{id}", { history: { size: 100, ttlMs: 300_000 } });

/** The machine's clock, whose time of day a test may set. */
class SettableClock implements Clock {
  aheadMs = 0;

  now(): number {
    return performance.now();
  }

  wall(): number {
    return Date.now() + this.aheadMs;
  }

  after(ms: number, act: () => void): () => void {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  }

  defer(act: () => void): void {
    setImmediate(act);
  }
}

interface Shop {
  readonly served: Served;
  readonly clock: SettableClock;
  readonly client: Client;
  /** A token for order 1 that is good for so many seconds from now. */
  readonly tokenFor: (seconds: number) => string;
}

async function openShop(): Promise<Shop> {
  const clock = new SettableClock();
  const served = await serve({ channels: [open, orders], tokens: { secret: tokenSecret }, mode: "production", clock });
  const token = tokenOf({ sub: "42" });
  const client = createClient({ url: `${served.socketUrl}/connection/websocket`, token });
  onTestFinished(() => client.close());
  client.connect();
  const tokenFor = (seconds: number): string =>
    tokenOf({ sub: "42", channel: "$orders:1", exp: clock.wall() / 1_000 + seconds });
  return { served, clock, client, tokenFor };
}

/** Resolves as soon as `holds`, looking again whenever the channel changes or says something. */
function until(channel: Channel, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stops = [channel.onState(() => look()), channel.onPublication(() => look())];
    function look(): void {
      if (!holds()) return;
      for (const stop of stops) stop();
      resolve();
    }
    look();
  });
}

function openOrder({ client }: Shop, token?: TokenSource): { readonly channel: Channel; readonly heard: unknown[] } {
  const channel = client.channel(orders, { id: "1" });
  const heard: unknown[] = [];
  channel.onPublication(({ data }) => void heard.push(data));
  channel.open(token === undefined ? {} : { token });
  return { channel, heard };
}

test("a private channel is closed to who has no token, and open to the same client with one", async () => {
  const shop = await openShop();
  const { channel } = openOrder(shop);
  await until(channel, () => channel.status.kind === "refused");
  expect(channel.status).toMatchObject({ error: { code: 103 } });
  channel.open({ token: tokenOf({ sub: "42", channel: "$orders:1" }) });
  await until(channel, () => channel.status.kind === "live");
});

test("a token that is none is refused for good, and one of somebody else ends the connection", async () => {
  const shop = await openShop();
  const { channel } = openOrder(shop, () => Promise.resolve("none"));
  await until(channel, () => channel.status.kind === "refused");
  expect(channel.status).toMatchObject({ error: { code: 103 } });
  channel.open({ token: tokenOf({ sub: "43", channel: "$orders:1" }) });
  const ended = new Promise<number>((resolve) => {
    shop.client.onState((state) => {
      if (state.kind === "closed") resolve(state.reason.code);
    });
  });
  expect(await ended).toBe(3500);
});

test("a fixed token that has expired is refused; a function is asked for another", async () => {
  const shop = await openShop();
  const { channel } = openOrder(shop, shop.tokenFor(-10));
  await until(channel, () => channel.status.kind === "refused");
  expect(channel.status).toMatchObject({ error: { code: 109 } });
  const tokens = [shop.tokenFor(-10), shop.tokenFor(600)];
  channel.open({ token: () => Promise.resolve(tokens.shift() ?? "") });
  await until(channel, () => channel.status.kind === "live");
  expect(tokens).toEqual([]);
});

test("tokens are renewed in time on the open subscription, which stays live and misses nothing", async () => {
  const shop = await openShop();
  let asked = 0;
  let third = (): void => undefined;
  const renewedTwice = new Promise<void>((resolve) => void (third = resolve));
  const told: string[] = [];
  const { channel, heard } = openOrder(shop, () => {
    asked += 1;
    if (asked === 3) third();
    return Promise.resolve(shop.tokenFor(asked > 2 ? 600 : 2));
  });
  channel.onState(({ kind }) => void told.push(kind));
  await until(channel, () => channel.status.kind === "live");
  const source = shop.served.tide.channel(orders, { id: "1" });
  await source.publish("before");
  await renewedTwice;
  await source.publish("after");
  await until(channel, () => heard.at(-1) === "after");
  expect(heard).toEqual(["before", "after"]);
  expect(told.filter((kind) => kind !== "subscribing" && kind !== "waiting")).toEqual(["live"]);
  expect(shop.served.tide.stats().counters["tokens_expired"]).toBeUndefined();
});

test("a subscription whose token ran out meanwhile comes back with a new one after a cut, and has what it missed", async () => {
  const shop = await openShop();
  const { client, clock, served } = shop;
  let asked = 0;
  const { channel, heard } = openOrder(shop, () => {
    asked += 1;
    return Promise.resolve(shop.tokenFor(600));
  });
  await until(channel, () => channel.status.kind === "live");
  clock.aheadMs = 3_600_000;
  const state = client.state;
  expect(state.kind).toBe("connected");
  if (state.kind === "connected") served.tide.cut(state.session);
  await until(channel, () => channel.status.kind === "waiting");
  await served.tide.channel(orders, { id: "1" }).publish("missed");
  await until(channel, () => heard.includes("missed"));
  expect(channel.status).toEqual({ kind: "live", recovered: true });
  expect(asked).toBe(2);
});

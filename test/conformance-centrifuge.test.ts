// The Centrifuge client protocol, as its official JavaScript SDK speaks it: unmodified, over two WebSockets and the fallbacks.
import { defineCall, defineChannel, TidewireError } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import { clientOf, connected, Listener, listening, sessionOf, carrierNames } from "./centrifuge-client.ts";
import { open, serve } from "./serving.ts";

describe.each(carrierNames)("centrifuge-js over %s", (name) => {
  test("publishes to itself and others, in order, each with its offset and sender", async () => {
    const { socketUrl } = await serve();
    const [ann, bob] = [await connected(socketUrl, name), await connected(socketUrl, name)];
    const heard = [await listening(ann, "public:a"), await listening(bob, "public:a")];
    const values = Array.from({ length: 50 }, (_, n) => ({ n, text: `é😀\n"${n}` }));
    await Promise.all(values.map((value) => ann.publish("public:a", value)));
    for (const listener of heard) {
      await listener.until(({ publications }) => publications.length === 50);
      expect(listener.values).toEqual(values);
      expect(listener.offsets).toEqual(values.map((_, index) => index + 1));
      expect(new Set(listener.publications.map(({ info }) => info?.client)).size).toBe(1);
      expect(listener.publications[0]?.info?.user).toBe("");
    }
  });

  test("a publication precedes its publisher's own reply", async () => {
    const { socketUrl } = await serve();
    const ann = await connected(socketUrl, name);
    const listener = await listening(ann, "public:a");
    await ann.publish("public:a", 1);
    expect(listener.values).toEqual([1]);
  });

  test("history: the position alone, from the start, since, reversed, both", async () => {
    const { socketUrl, tide } = await serve();
    const channel = tide.channel(open, { name: "a" });
    for (let n = 1; n <= 10; n += 1) await channel.publish(n);
    const ann = await connected(socketUrl, name);
    const read = async (options: Parameters<typeof ann.history>[1]): Promise<unknown> =>
      (await ann.history("public:a", options)).publications.map(({ data }) => data as unknown);
    const top = await ann.history("public:a");
    expect(top.offset).toBe(10);
    expect(top.publications).toEqual([]);
    const { epoch } = top;
    expect(await read({ limit: 3 })).toEqual([1, 2, 3]);
    expect(await read({ limit: -1 })).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(await read({ limit: 3, since: { offset: 4, epoch } })).toEqual([5, 6, 7]);
    expect(await read({ limit: 3, reverse: true })).toEqual([10, 9, 8]);
    expect(await read({ limit: 3, since: { offset: 4, epoch }, reverse: true })).toEqual([3, 2, 1]);
    await expect(read({ limit: 3, since: { offset: 4, epoch: "other" } })).rejects.toMatchObject({ code: 112 });
    await expect(ann.history("lobby", { limit: 1 })).rejects.toMatchObject({ code: 108 });
  });

  test("presence and its counts follow who is subscribed", async () => {
    const { socketUrl } = await serve();
    const [ann, bob] = [await connected(socketUrl, name), await connected(socketUrl, name)];
    const listener = await listening(ann, "public:a");
    await listening(bob, "public:a");
    const { clients } = await ann.presence("public:a");
    expect(Object.values(clients).map(({ user }) => user)).toEqual(["", ""]);
    expect(Object.keys(clients)).toEqual(Object.values(clients).map(({ client }) => client));
    expect(await ann.presenceStats("public:a")).toEqual({ numClients: 2, numUsers: 1 });
    listener.subscription.unsubscribe();
    expect(await ann.presenceStats("public:a")).toEqual({ numClients: 1, numUsers: 1 });
  });

  test("joins and leaves are told to those who ask, one's own join after the reply", async () => {
    const { socketUrl } = await serve();
    const [ann, bob] = [await connected(socketUrl, name), await connected(socketUrl, name)];
    const told: string[] = [];
    const listener = new Listener(ann, "public:a", { joinLeave: true });
    listener.subscription.on("subscribed", () => told.push("subscribed"));
    listener.subscription.on("join", () => told.push("join"));
    const left = new Promise<void>((resolve) => {
      listener.subscription.on("leave", () => {
        told.push("leave");
        resolve();
      });
    });
    await listener.subscription.ready();
    const other = await listening(bob, "public:a");
    await bob.presenceStats("public:a");
    await ann.presenceStats("public:a");
    other.subscription.unsubscribe();
    await left;
    expect(told).toEqual(["subscribed", "join", "join", "leave"]);
  });

  test("rpc answers, fails with the application's code, is refused with 108 where nobody answers", async () => {
    const { socketUrl, tide } = await serve();
    tide.handle(defineCall("double"), (input) => ({ twice: Number(input) * 2 }));
    tide.handle(defineCall("teapot"), () => {
      throw new TidewireError({ code: 418, temporary: true }, "short and stout");
    });
    const ann = await connected(socketUrl, name);
    expect(await ann.rpc("double", 21)).toEqual({ data: { twice: 42 } });
    await expect(ann.rpc("teapot", null)).rejects.toEqual({ code: 418, message: "short and stout", temporary: true });
    await expect(ann.rpc("nobody", null)).rejects.toMatchObject({ code: 108 });
  });

  test("send is taken without an answer, and the connection lives", async () => {
    const { socketUrl, tide } = await serve();
    const ann = await connected(socketUrl, name);
    await ann.send({ any: "thing" });
    await ann.presenceStats("public:a");
    expect(tide.stats().counters["sends_dropped"]).toBe(1);
  });

  test("subscribe, publish and presence refusals carry the protocol's codes", async () => {
    const closed = defineChannel("closed:{name}", { publishers: "server" });
    const { socketUrl } = await serve({
      channels: [open, closed],
      access: { subscribe: ({ channel }) => channel !== "public:secret" },
    });
    const ann = await connected(socketUrl, name);
    const refusal = (channel: string): Promise<number> =>
      new Promise((resolve) => {
        const subscription = ann.newSubscription(channel);
        subscription.on("unsubscribed", ({ code }) => resolve(code));
        subscription.subscribe();
      });
    expect(await refusal("public:secret")).toBe(103);
    expect(await refusal("nowhere")).toBe(102);
    await expect(ann.publish("closed:a", 1)).rejects.toMatchObject({ code: 103 });
    await expect(ann.presence("public:secret")).rejects.toMatchObject({ code: 103 });
    await expect(ann.presence("closed:a")).rejects.toMatchObject({ code: 108 });
  });
});

test("many subscriptions in one batch, and as many unsubscribed", async () => {
  const { socketUrl, tide } = await serve();
  const ann = await connected(socketUrl);
  const channels = Array.from({ length: 100 }, (_, n) => `public:${n}`);
  ann.startBatching();
  const listeners = channels.map((channel) => new Listener(ann, channel));
  ann.stopBatching();
  await Promise.all(listeners.map(({ subscription }) => subscription.ready()));
  expect(tide.stats().subscriptions).toBe(100);
  for (const { subscription } of listeners) ann.removeSubscription(subscription);
  await ann.presenceStats("public:0");
  await expect.poll(() => tide.stats().subscriptions).toBe(0);
});

test("a terminal refusal: guests are not let in in production", async () => {
  const { socketUrl } = await serve({ mode: "production" });
  const client = clientOf(socketUrl);
  const ended = new Promise((resolve) => void client.on("disconnected", ({ code }) => resolve(code)));
  client.connect();
  expect(await ended).toBe(101);
});

test("a connect rule's identity and data reach the client and what it publishes", async () => {
  const { socketUrl } = await serve({
    access: {
      connect: ({ token, data }) =>
        token === "let me in" ? { user: "7", info: { name: "Ann" }, data: { said: data } } : null,
    },
  });
  const client = clientOf(socketUrl, "ws", { token: "let me in", data: { from: "a test" } });
  const greeted = new Promise<unknown>((resolve) => void client.on("connected", ({ data }) => resolve(data)));
  client.connect();
  expect(await greeted).toEqual({ said: { from: "a test" } });
  const listener = await listening(client, "public:a");
  await client.publish("public:a", 1);
  expect(listener.publications[0]?.info).toMatchObject({ user: "7", connInfo: { name: "Ann" } });
});

test("the server's disconnect is terminal or not, as it was asked", async () => {
  const { socketUrl, tide } = await serve();
  const client = await connected(socketUrl);
  const again = new Promise((resolve) => void client.on("connecting", ({ code }) => resolve(code)));
  expect(tide.disconnect(sessionOf(client), true)).toBe(true);
  expect(await again).toBe(3011);
  await client.ready();
  const ended = new Promise((resolve) => void client.on("disconnected", ({ code }) => resolve(code)));
  expect(tide.disconnect(sessionOf(client), false)).toBe(true);
  expect(await ended).toBe(3503);
  expect(tide.disconnect(sessionOf(client), false)).toBe(false);
});

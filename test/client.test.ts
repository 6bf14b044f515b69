// The client and the real server, over cuts, restarts and pauses: what the guarantees promise, with the machine's own clock.
import { type Channel, type Client, createClient, type Gap, type SubscriptionStatus } from "@tidewire/client";
import { membersOf } from "@tidewire/client/members";
import { defineCall, defineChannel } from "@tidewire/protocol";
import { expect, onTestFinished, test } from "vitest";
import { serve, type Served } from "./serving.ts";

const news = defineChannel("news:{topic}", { history: { size: 1_000, ttlMs: 60_000 }, presence: true });
const cursors = defineChannel("cursors", { mode: "signal" });
const double = defineCall("double");

async function serveBoth(port = 0): Promise<Served> {
  const served = await serve({ channels: [news, cursors], port });
  served.tide.handle(double, (input) => Number(input) * 2);
  return served;
}

function connectTo({ socketUrl }: Served): Client {
  const client = createClient({ url: `${socketUrl}/connection/websocket` });
  onTestFinished(() => client.close());
  client.connect();
  return client;
}

/** Resolves with what `read` gives as soon as that is not `null`, looking again at each event. */
function holds<Value>(listen: (look: () => void) => () => void, read: () => Value | null): Promise<Value> {
  return new Promise((resolve) => {
    const stop = listen(() => look());
    function look(): void {
      const value = read();
      if (value === null) return;
      stop();
      resolve(value);
    }
    look();
  });
}

function connected(client: Client): Promise<string> {
  return holds(client.onState, () => (client.state.kind === "connected" ? client.state.session : null));
}

function is(channel: Channel, kind: SubscriptionStatus["kind"]): Promise<SubscriptionStatus> {
  return holds(channel.onState, () => (channel.status.kind === kind ? channel.status : null));
}

/** Cuts the client's socket on the server's side, and waits until the client is back. */
async function cut({ tide }: Served, client: Client): Promise<void> {
  const session = await connected(client);
  expect(tide.cut(session)).toBe(true);
  await holds(client.onState, () => (client.state.kind === "waiting" ? true : null));
  client.retry();
  await connected(client);
}

test("publications through five cuts come once each, in order, and recovered (S2, S3, S4, S6)", async () => {
  const served = await serveBoth();
  const client = connectTo(served);
  const channel = client.channel(news, { topic: "a" });
  const heard: unknown[] = [];
  const recovered: boolean[] = [];
  channel.onPublication(({ data }) => heard.push(data));
  channel.onState((status) => {
    if (status.kind === "live") recovered.push(status.recovered);
  });
  channel.open();
  await is(channel, "live");
  const source = served.tide.channel(news, { topic: "a" });
  let published = 0;
  for (let round = 0; round < 5; round++) {
    for (let count = 0; count < 20; count++) await source.publish(++published);
    const back = cut(served, client);
    for (let count = 0; count < 20; count++) await source.publish(++published);
    await back;
  }
  await holds(channel.onPublication, () => (heard.length >= published ? true : null));
  expect(heard).toEqual(Array.from({ length: published }, (_, index) => index + 1));
  expect(recovered).toEqual(Array.from({ length: 6 }, () => true));
}, 30_000);

test("the client's own publishes through cuts are published once each, in order (P1, P4, P5)", async () => {
  const served = await serveBoth();
  const [client, reader] = [connectTo(served), connectTo(served)];
  const heard: unknown[] = [];
  const channel = reader.channel(news, { topic: "b" });
  channel.onPublication(({ data }) => heard.push(data));
  channel.open();
  await is(channel, "live");
  const results: Promise<unknown>[] = [];
  await connected(client);
  for (let count = 0; count < 60; count++) {
    results.push(client.channel(news, { topic: "b" }).publish(count));
    if (count % 20 === 10) served.tide.cut(await connected(client));
    client.retry();
  }
  await Promise.all(results);
  await holds(channel.onPublication, () => (heard.length >= 60 ? true : null));
  expect(heard).toEqual(Array.from({ length: 60 }, (_, index) => index));
}, 30_000);

test("a restart of a server without a store is a gap before anything newer (S5, S7, S8)", async () => {
  const first = await serveBoth();
  const client = connectTo(first);
  const channel = client.channel(news, { topic: "c" });
  const heard: unknown[] = [];
  const gaps: Gap[] = [];
  channel.onPublication(({ data }) => heard.push(data));
  channel.onGap((gap) => {
    gaps.push(gap);
    heard.push("gap");
  });
  channel.open();
  await is(channel, "live");
  await channel.publish("before");
  await first.stop();
  await holds(client.onState, () => (client.state.kind === "waiting" ? true : null));
  const waiting = channel.publish("meanwhile");
  await serveBoth(first.port);
  await waiting;
  expect(await is(channel, "live")).toMatchObject({ recovered: false });
  expect(gaps).toHaveLength(1);
  await channel.publish("after");
  await holds(channel.onPublication, () => (heard.includes("after") ? true : null));
  expect(heard.slice(0, 2)).toEqual(["before", "gap"]);
  expect(gaps[0]?.from.epoch).not.toBe(gaps[0]?.to?.epoch);
}, 30_000);

test("a paused stream gets nothing, over a cut too, and all of it on resume (F1, F2)", async () => {
  const served = await serveBoth();
  const client = connectTo(served);
  const channel = client.channel(news, { topic: "d" });
  const heard: unknown[] = [];
  channel.onPublication(({ data }) => heard.push(data));
  channel.open();
  await is(channel, "live");
  const source = served.tide.channel(news, { topic: "d" });
  channel.pause();
  await client.call(double, 1);
  for (let count = 1; count <= 5; count++) await source.publish(count);
  await cut(served, client);
  await is(channel, "paused");
  await client.call(double, 1);
  expect(heard).toEqual([]);
  channel.resume();
  await holds(channel.onPublication, () => (heard.length === 5 ? true : null));
  expect(heard).toEqual([1, 2, 3, 4, 5]);
  expect(channel.status).toEqual({ kind: "live", recovered: true });
}, 30_000);

test("a signal that was paused says how much it skipped", async () => {
  const served = await serveBoth();
  const client = connectTo(served);
  const channel = client.channel(cursors);
  const skipped: number[] = [];
  channel.onSkipped((count) => skipped.push(count));
  channel.open();
  await is(channel, "live");
  channel.pause();
  await client.call(double, 1);
  for (let count = 1; count <= 3; count++) await served.tide.channel(cursors).publish(count);
  channel.resume();
  await holds(channel.onSkipped, () => (skipped.length > 0 ? true : null));
  expect(skipped).toEqual([3]);
});

test("members follow who comes, goes and is cut", async () => {
  const served = await serveBoth();
  const [client, other] = [connectTo(served), connectTo(served)];
  const members = membersOf(client.channel(news, { topic: "e" }));
  onTestFinished(members.subscribe(() => undefined));
  await holds(members.subscribe, () => (members.getSnapshot().status === "ready" ? true : null));
  expect(members.getSnapshot().members.map(({ session }) => session)).toEqual([await connected(client)]);
  const stop = other.channel(news, { topic: "e" }).open();
  await holds(members.subscribe, () => (members.getSnapshot().count === 2 ? true : null));
  served.tide.cut(await connected(other));
  await holds(members.subscribe, () => (members.getSnapshot().count === 1 ? true : null));
  await holds(members.subscribe, () => (members.getSnapshot().count === 2 ? true : null));
  stop();
  await holds(members.subscribe, () => (members.getSnapshot().count === 1 ? true : null));
}, 30_000);

test("history and the subscription meet without a hole", async () => {
  const served = await serveBoth();
  const client = connectTo(served);
  const source = served.tide.channel(news, { topic: "f" });
  for (let count = 1; count <= 5; count++) await source.publish(count);
  const channel = client.channel(news, { topic: "f" });
  const page = await channel.history({ limit: 3, reverse: true });
  expect(page.publications.map(({ data }) => data)).toEqual([5, 4, 3]);
  for (let count = 6; count <= 8; count++) await source.publish(count);
  const heard: unknown[] = [];
  channel.onPublication(({ data }) => heard.push(data));
  expect(page.position).not.toBeNull();
  channel.open(page.position === null ? {} : { since: page.position });
  await holds(channel.onPublication, () => (heard.length === 3 ? true : null));
  expect(heard).toEqual([6, 7, 8]);
});

test("calls, errors and limits keep their names", async () => {
  const served = await serveBoth();
  const client = connectTo(served);
  expect(await client.call(double, 21)).toBe(42);
  await expect(client.call(defineCall("missing"), 1)).rejects.toMatchObject({ reason: "not_available" });
  await expect(client.channel("nowhere").publish(1)).rejects.toMatchObject({ reason: "unknown_channel" });
  await expect(client.channel(news, { topic: "g" }).publish("x".repeat(70_000))).rejects.toMatchObject({
    reason: "too_large",
  });
  const channel = client.channel("nowhere");
  channel.open();
  expect(await is(channel, "refused")).toMatchObject({ error: { reason: "unknown_channel" } });
  const first = await client.channel(news, { topic: "g" }).publish(1, { key: "one" });
  expect(await client.channel(news, { topic: "g" }).publish(1, { key: "one" })).toEqual({ ...first, duplicate: true });
  await expect(client.channel(news, { topic: "g" }).publish(2, { key: "one" })).rejects.toMatchObject({
    reason: "conflict",
  });
});

test("the server's last word decides whether the client comes back", async () => {
  const served = await serveBoth();
  const client = connectTo(served);
  const first = await connected(client);
  served.tide.disconnect(first, true);
  await holds(client.onState, () => (client.state.kind === "waiting" ? true : null));
  const second = await connected(client);
  expect(second).not.toBe(first);
  served.tide.disconnect(second, false);
  await holds(client.onState, () => (client.state.kind === "closed" ? true : null));
  expect(client.state).toMatchObject({ reason: { code: 3503 } });
});

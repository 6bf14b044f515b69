// Our client on channels that the server subscribes it to, over real sockets: what the guarantees promise of any other holds there.
import { type Channel, type Client, createClient, type SubscriptionStatus } from "@tidewire/client";
import { latestOf } from "@tidewire/client/latest";
import { membersOf } from "@tidewire/client/members";
import { defineChannel } from "@tidewire/protocol";
import { expect, onTestFinished, test } from "vitest";
import { serve, type Served } from "./serving.ts";

const inbox = defineChannel("inbox:{user}", { history: { size: 1_000, ttlMs: 60_000 }, presence: true });
const prices = defineChannel("prices", {
  mode: "latest",
  publishers: "server",
  key: (price) => String((price as { readonly of: string }).of),
});

interface Stage {
  readonly served: Served;
  readonly client: Client;
  /** Whom the connect rule subscribes to what, from the next connection on. */
  readonly given: string[];
  /** What its `subscribe` rule says to everybody. */
  mayAsk: boolean;
}

/** Nobody may subscribe but to what the server gives, until the test says otherwise. */
async function stage(...given: string[]): Promise<Stage> {
  const rules = { given, mayAsk: false };
  const served = await serve({
    channels: [inbox, prices],
    access: { connect: () => ({ user: "ann", subscriptions: given }), subscribe: () => rules.mayAsk },
  });
  const client = createClient({ url: `${served.socketUrl}/connection/websocket` });
  onTestFinished(() => client.close());
  return Object.assign(rules, { served, client });
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

function connected({ client }: Stage): Promise<string> {
  client.connect();
  return holds(client.onState, () => (client.state.kind === "connected" ? client.state.session : null));
}

function is(channel: Channel, kind: SubscriptionStatus["kind"]): Promise<SubscriptionStatus> {
  return holds(channel.onState, () => (channel.status.kind === kind ? channel.status : null));
}

async function cut(on: Stage): Promise<void> {
  expect(on.served.tide.cut(await connected(on))).toBe(true);
  await holds(on.client.onState, () => (on.client.state.kind === "waiting" ? true : null));
}

function heardOf(channel: Channel): unknown[] {
  const heard: unknown[] = [];
  channel.onPublication(({ data }) => heard.push(data));
  return heard;
}

function hasHeard(channel: Channel, heard: readonly unknown[], count: number): Promise<true> {
  return holds(channel.onPublication, () => (heard.length >= count ? true : null));
}

test("a channel of the connect rule is heard, opened before the connection or after it, and comes back as it was", async () => {
  const on = await stage("inbox:1", "inbox:2");
  const source = (user: string) => on.served.tide.channel(inbox, { user });
  const early = on.client.channel(inbox, { user: "1" });
  const heard = heardOf(early);
  const recovered: boolean[] = [];
  early.onState((status) => {
    if (status.kind === "live") recovered.push(status.recovered);
  });
  early.open();
  await connected(on);
  await is(early, "live");
  const late = on.client.channel(inbox, { user: "2" });
  const heardLate = heardOf(late);
  late.open();
  await is(late, "live");
  await source("2").publish("late");
  let published = 0;
  for (let round = 0; round < 3; round += 1) {
    for (let count = 0; count < 20; count += 1) await source("1").publish((published += 1));
    await cut(on);
    for (let count = 0; count < 20; count += 1) await source("1").publish((published += 1));
    on.client.retry();
    await connected(on);
  }
  await hasHeard(early, heard, published);
  await is(late, "live");
  expect(heard).toEqual(Array.from({ length: published }, (_, index) => index + 1));
  expect(recovered).toEqual([true, true, true, true]);
  expect(heardLate).toEqual(["late"]);
});

test("who was refused is let in by `tide.subscribe`, from its position on, and sent away by `tide.unsubscribe`", async () => {
  const on = await stage();
  const { tide } = on.served;
  const channel = on.client.channel(inbox, { user: "1" });
  const heard = heardOf(channel);
  channel.open();
  const session = await connected(on);
  await is(channel, "refused");
  const source = tide.channel(inbox, { user: "1" });
  await source.publish("before");
  await tide.subscribe(session, "inbox:1");
  // On its way before the client has asked anew, or after: it is the client's from the server's word on (S10).
  await source.publish("at once");
  await is(channel, "live");
  await source.publish("then");
  await hasHeard(channel, heard, 2);
  await tide.unsubscribe(session, "inbox:1");
  expect(await is(channel, "closed")).toMatchObject({ reason: { code: 2000 } });
  await source.publish("unheard");
  await tide.subscribe(session, "inbox:1");
  await is(channel, "live");
  await source.publish("again");
  await hasHeard(channel, heard, 3);
  expect(heard).toEqual(["at once", "then", "again"]);
});

test("closed and opened again it is let in as before, and is one member", async () => {
  const on = await stage("inbox:1");
  const channel = on.client.channel(inbox, { user: "1" });
  const stop = channel.open();
  await connected(on);
  await is(channel, "live");
  stop();
  await is(channel, "closed");
  const list = membersOf(channel);
  onTestFinished(list.subscribe(() => undefined));
  const ready = await holds(list.subscribe, () => (list.getSnapshot().status === "ready" ? list.getSnapshot() : null));
  expect(ready).toMatchObject({ count: 1, members: [{ user: "ann" }] });
});

test("on connections that give it and others where the client asks by itself, all comes once and in order (S3, S4)", async () => {
  const on = await stage("inbox:1");
  const channel = on.client.channel(inbox, { user: "1" });
  const heard = heardOf(channel);
  const gaps: unknown[] = [];
  channel.onGap((gap) => gaps.push(gap));
  channel.open();
  const source = on.served.tide.channel(inbox, { user: "1" });
  let published = 0;
  for (let round = 0; round < 6; round += 1) {
    await connected(on);
    await is(channel, "live");
    for (let count = 0; count < 5; count += 1) await source.publish((published += 1));
    await cut(on);
    for (let count = 0; count < 5; count += 1) await source.publish((published += 1));
    on.mayAsk = round % 2 === 0;
    on.given.length = 0;
    if (!on.mayAsk) on.given.push("inbox:1");
    on.client.retry();
  }
  await hasHeard(channel, heard, published);
  expect(heard).toEqual(Array.from({ length: published }, (_, index) => index + 1));
  expect(gaps).toEqual([]);
});

test("a table is whole, opened after it was told", async () => {
  const on = await stage("prices");
  const source = on.served.tide.channel(prices);
  await source.publish({ of: "tea" });
  await source.publish({ of: "rum" });
  await connected(on);
  // The server has told all of it by now, and nobody listened.
  const latest = latestOf(on.client.channel(prices));
  const keys = await holds(latest.subscribe, () =>
    latest.getSnapshot().keys.length === 2 ? latest.getSnapshot() : null,
  );
  expect(keys.keys.toSorted()).toEqual(["rum", "tea"]);
});

// Several tabs on one connection, with the real server: each is told what a client of its own would be told.
import {
  type Channel,
  type Client,
  createClient,
  type Gap,
  type Publication,
  type TokenSource,
} from "@tidewire/client";
import { latestOf } from "@tidewire/client/latest";
import { membersOf } from "@tidewire/client/members";
import { createTabsClient, type TabsClientOptions, type TabsWorker } from "@tidewire/client/tabs";
import { type Port, tabServer } from "@tidewire/client/tabs-worker";
import { defineCall, defineChannel, type TidewireError } from "@tidewire/protocol";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { expect, onTestFinished, test } from "vitest";
import { open as openChannels, serve, type Served } from "./serving.ts";

const news = defineChannel("news:{topic}", { history: { size: 5_000, ttlMs: 60_000 }, presence: true });
const cursors = defineChannel("cursors", { mode: "signal" });
const market = defineChannel("market", {
  mode: "latest",
  key: (value) => (value as { readonly symbol: string }).symbol,
});
const double = defineCall("double");
const slow = defineCall("slow");

async function serveAll(port = 0): Promise<Served> {
  const served = await serve({ channels: [news, cursors, market], port });
  served.tide.handle(double, (input) => Number(input) * 2);
  return served;
}

interface Browser {
  readonly served: Served;
  readonly tab: (options?: Partial<TabsClientOptions>) => Client;
  /** A tab that can be put to sleep: it takes in nothing until it wakes. */
  readonly sleepyTab: () => { readonly client: Client; readonly sleep: () => void; readonly wake: () => void };
  /** Characters that wait for a tab to wake. */
  readonly waiting: () => number;
}

/** A worker, and tabs at their ports of it. */
function browserOf(served: Served): Browser {
  const serveTab = tabServer();
  const held: MessageEvent[] = [];
  const portOf = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    serveTab(port2 as unknown as Port<unknown>);
    return port1;
  };
  const tab: Browser["tab"] = (options = {}) => {
    const worker = (): TabsWorker => ({ port: portOf() as unknown as Port<unknown>, onerror: null });
    const client = createTabsClient({ url: `${served.socketUrl}/connection/websocket`, worker, ...options });
    onTestFinished(() => client.close());
    client.connect();
    return client;
  };
  const sleepyTab: Browser["sleepyTab"] = () => {
    let isAsleep = false;
    const real = portOf();
    const port: Port<unknown> = { postMessage: (message) => real.postMessage(message), onmessage: null };
    real.onmessage = (event: MessageEvent) => {
      if (isAsleep) held.push(event);
      else port.onmessage?.(event);
    };
    return {
      client: tab({ worker: () => ({ port, onerror: null }) }),
      sleep: () => (isAsleep = true),
      wake: () => {
        isAsleep = false;
        for (const event of held.splice(0)) port.onmessage?.(event);
      },
    };
  };
  const textOf = ({ data }: MessageEvent): string => (data as { readonly text?: string }).text ?? "";
  return { served, tab, sleepyTab, waiting: () => held.reduce((sum, event) => sum + textOf(event).length, 0) };
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

const is = (channel: Channel, kind: string): Promise<true> =>
  holds(channel.onState, () => (channel.status.kind === kind ? true : null));

const stands = (client: Client, kind: string): Promise<true> =>
  holds(client.onState, () => (client.state.kind === kind ? true : null));

interface Reader {
  readonly channel: Channel;
  readonly heard: unknown[];
  readonly gaps: Gap[];
  /** Resolves when it has heard so many. */
  readonly hears: (count: number) => Promise<true>;
}

function reader(channel: Channel): Reader {
  const heard: unknown[] = [];
  const gaps: Gap[] = [];
  channel.onPublication(({ data }) => heard.push(data));
  channel.onGap((gap) => gaps.push(gap));
  const hears = (count: number): Promise<true> =>
    holds(channel.onPublication, () => (heard.length >= count ? true : null));
  return { channel, heard, gaps, hears };
}

async function opened(channel: Channel, options?: Parameters<Channel["open"]>[0]): Promise<Reader> {
  const reading = reader(channel);
  channel.open(options);
  await is(channel, "live");
  return reading;
}

const counted = ({ tide }: Served): unknown => {
  const { counters } = tide.stats();
  return { upgrades: counters["upgrades"], subscribed: counters["subscribed"] };
};

const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("three tabs are one upgrade and one subscription; each publishes, calls and hears for itself", async () => {
  const { served, tab } = browserOf(await serveAll());
  const tabs = [tab(), tab(), tab()];
  const readers = await Promise.all(tabs.map((client) => opened(client.channel(news, { topic: "a" }))));
  const published = await Promise.all(readers.map(({ channel }, index) => channel.publish(index)));
  expect(new Set(published.map(({ position }) => position?.offset))).toEqual(new Set([1, 2, 3]));
  await Promise.all(readers.map(({ hears }) => hears(3)));
  for (const { heard } of readers) expect(heard).toEqual(readers[0]?.heard);
  expect(await Promise.all(tabs.map((client, index) => client.call(double, index)))).toEqual([0, 2, 4]);
  expect(counted(served)).toEqual({ upgrades: 1, subscribed: 1 });
  const [first, second, third] = tabs as [Client, Client, Client];
  expect(new Set(tabs.map(({ state }) => state.kind === "connected" && state.session)).size).toBe(1);

  first.close();
  await served.tide.channel(news, { topic: "a" }).publish("after");
  await Promise.all(readers.slice(1).map(({ hears }) => hears(4)));
  expect(readers[0]?.heard).toHaveLength(3);
  second.close();
  await third.channel(news, { topic: "a" }).publish("last");
  await readers[2]?.hears(5);
  expect(counted(served)).toEqual({ upgrades: 1, subscribed: 1 });
});

test("a tab that comes later begins where it says, and is told what came since", async () => {
  const { served, tab } = browserOf(await serveAll());
  const first = await opened(tab().channel(news, { topic: "a" }));
  const source = served.tide.channel(news, { topic: "a" });
  for (const number of numbers(1, 20)) await source.publish(number);
  await first.hears(20);
  const client = tab();
  const channel = client.channel(news, { topic: "a" });
  const { publications } = await channel.history({ limit: 10 });
  const since = (publications.at(-1) as Publication).position;
  const later = await opened(channel, since === null ? {} : { since });
  await later.hears(10);
  expect(later.heard).toEqual(numbers(11, 20));
  const plain = await opened(tab().channel(news, { topic: "a" }));
  await source.publish(21);
  await Promise.all([plain.hears(1), later.hears(11)]);
  expect(plain.heard).toEqual([21]);
  expect([...first.gaps, ...later.gaps, ...plain.gaps]).toEqual([]);
  expect(counted(served)).toEqual({ upgrades: 1, subscribed: 1 });
});

test("through five cuts of the connection every tab hears each publication once, in order and without a gap", async () => {
  const { served, tab } = browserOf(await serveAll());
  const tabs = [tab(), tab()];
  const readers = await Promise.all(tabs.map((client) => opened(client.channel(news, { topic: "a" }))));
  const source = served.tide.channel(news, { topic: "a" });
  let published = 0;
  for (let round = 0; round < 5; round++) {
    for (let count = 0; count < 20; count++) await source.publish(++published);
    const { state } = tabs[0] as Client;
    expect(served.tide.cut(state.kind === "connected" ? state.session : "")).toBe(true);
    await Promise.all(tabs.map((client) => stands(client, "waiting")));
    for (let count = 0; count < 20; count++) await source.publish(++published);
    tabs[round % 2]?.retry();
    await Promise.all(tabs.map((client) => stands(client, "connected")));
  }
  await Promise.all(readers.map(({ hears }) => hears(published)));
  for (const { gaps, heard } of readers) {
    expect(heard).toEqual(numbers(1, published));
    expect(gaps).toEqual([]);
  }
}, 30_000);

test("a publish whose answer was lost with the connection is repeated, and published once", async () => {
  const { served, tab } = browserOf(await serveAll());
  const [one, other] = [tab(), tab()];
  const reading = await opened(other.channel(news, { topic: "a" }));
  await stands(one, "connected");
  const publishing = numbers(1, 30).map((number) => one.channel(news, { topic: "a" }).publish(number));
  await reading.hears(1);
  const { state } = one;
  served.tide.cut(state.kind === "connected" ? state.session : "");
  await Promise.all(publishing);
  await reading.hears(30);
  expect(reading.heard).toEqual(numbers(1, 30));
}, 30_000);

test("each tab has the whole table of a latest channel, and removals", async () => {
  const { served, tab } = browserOf(await serveAll());
  const source = served.tide.channel(market);
  for (const symbol of ["a", "b", "c"]) await source.publish({ symbol, price: 1 });
  const shown = (client: Client): Promise<(keys: string) => Promise<true>> => {
    const latest = latestOf(client.channel(market));
    onTestFinished(latest.subscribe(() => undefined));
    const said = (): string =>
      [...latest.getSnapshot().keys]
        .map(
          (key) =>
            `${key}${String((latest.getSnapshot().table.get(key)?.data as { price?: number } | undefined)?.price)}`,
        )
        .sort()
        .join(" ");
    return Promise.resolve((keys: string) => holds(latest.subscribe, () => (said() === keys ? true : null)));
  };
  const first = await shown(tab());
  await first("a1 b1 c1");
  await source.publish({ symbol: "b", price: 2 });
  await first("a1 b2 c1");
  await source.remove("c");
  const second = await shown(tab());
  await second("a1 b2");
  await source.publish({ symbol: "d", price: 4 });
  await Promise.all([first("a1 b2 d4"), second("a1 b2 d4")]);
  expect(counted(served)).toEqual({ upgrades: 1, subscribed: 1 });
});

test("a tab that pauses rests alone, and catches up; one of a signal channel is told what it passed over", async () => {
  const { served, tab } = browserOf(await serveAll());
  const [resting, awake] = [tab(), tab()];
  const [stream, other] = await Promise.all([resting, awake].map((each) => opened(each.channel(news, { topic: "a" }))));
  const [signal, hot] = await Promise.all([resting, awake].map((each) => opened(each.channel(cursors))));
  const skipped: number[] = [];
  signal?.channel.onSkipped((count) => skipped.push(count));
  for (const each of [stream, signal]) each?.channel.pause();
  await Promise.all([stream, signal].map((each) => is((each as Reader).channel, "paused")));
  // A call is answered behind the pauses.
  await resting.call(double, 1);
  for (const number of numbers(1, 5)) {
    await served.tide.channel(news, { topic: "a" }).publish(number);
    await served.tide.channel(cursors).publish(number);
  }
  await Promise.all([other?.hears(5), hot?.hears(5)]);
  await resting.call(double, 1);
  expect([stream?.heard, signal?.heard]).toEqual([[], []]);
  for (const each of [stream, signal]) each?.channel.resume();
  await stream?.hears(5);
  expect(stream?.heard).toEqual(numbers(1, 5));
  await resting.call(double, 1);
  expect(skipped).toEqual([5]);
  expect(signal?.heard).toEqual([]);
});

test("refusals, errors of calls and cancels reach the tab they are for", async () => {
  const served = await serveAll();
  let isAborted = (): void => undefined;
  const aborted = new Promise<void>((resolve) => (isAborted = resolve));
  const begun = Promise.withResolvers<void>();
  served.tide.handle(slow, (_input, { signal }) => {
    begun.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => {
        isAborted();
        reject(new Error("aborted"));
      });
    });
  });
  const { tab } = browserOf(served);
  const [one, other] = [tab(), tab()];
  const reasonOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "none",
      (error: unknown) => (error as TidewireError).reason,
    );
  const unknown = one.channel("nobody:knows");
  unknown.open();
  await is(unknown, "refused");
  expect(await reasonOf(other.call(defineCall("nobody.knows"), null))).toBe("not_available");
  const cancel = new AbortController();
  const calling = one.call(slow, null, { signal: cancel.signal });
  calling.catch(() => undefined);
  await begun.promise;
  cancel.abort(new Error("enough"));
  await expect(calling).rejects.toThrow("enough");
  await aborted;
});

test("members of a channel are listed in every tab that asks, those of other connections too", async () => {
  const { served, tab } = browserOf(await serveAll());
  const [one, other] = [tab(), tab()];
  const lists = [one, other].map((client) => membersOf(client.channel(news, { topic: "a" })));
  for (const list of lists) onTestFinished(list.subscribe(() => undefined));
  const count = async (wanted: number): Promise<void> => {
    for (const list of lists) {
      await holds(list.subscribe, () => {
        const { members, status } = list.getSnapshot();
        return status === "ready" && members.length === wanted ? true : null;
      });
    }
  };
  await count(1);
  const stranger = createClient({ url: `${served.socketUrl}/connection/websocket` });
  onTestFinished(() => stranger.close());
  stranger.connect();
  stranger.channel(news, { topic: "a" }).open();
  await count(2);
  stranger.close();
  await count(1);
});

test("a tab that takes nothing in holds up nobody, and hears all of it if that is less than a megabyte", async () => {
  const { served, sleepyTab, tab } = browserOf(await serveAll());
  const { client, sleep, wake } = sleepyTab();
  const [sleeper, awake] = await Promise.all([client, tab()].map((each) => opened(each.channel(news, { topic: "a" }))));
  sleep();
  const source = served.tide.channel(news, { topic: "a" });
  for (const number of numbers(1, 500)) await source.publish(number);
  await awake?.hears(500);
  expect(sleeper?.heard).toEqual([]);
  wake();
  await sleeper?.hears(500);
  expect(sleeper?.heard).toEqual(numbers(1, 500));
  expect(sleeper?.gaps).toEqual([]);
});

test("one that sleeps longer is sent a megabyte, and told of the gap when it wakes", async () => {
  const { served, sleepyTab, tab, waiting } = browserOf(await serveAll());
  const { client, sleep, wake } = sleepyTab();
  const [sleeper, awake] = await Promise.all([client, tab()].map((each) => opened(each.channel(news, { topic: "a" }))));
  sleep();
  const text = "x".repeat(4_000);
  const source = served.tide.channel(news, { topic: "a" });
  for (const number of numbers(1, 1_000)) await source.publish({ number, text });
  await awake?.hears(1_000);
  expect(awake?.gaps).toEqual([]);
  expect(waiting()).toBeGreaterThan(900_000);
  expect(waiting()).toBeLessThan(1_100_000);
  wake();
  await holds((sleeper as Reader).channel.onGap, () => (sleeper?.gaps.length === 1 ? true : null));
  await source.publish("after");
  const heard = sleeper?.heard as readonly { readonly number?: number }[];
  await holds((sleeper as Reader).channel.onPublication, () => (sleeper?.heard.at(-1) === "after" ? true : null));
  const told = heard.slice(0, -1).map(({ number }) => number);
  expect(told).toEqual(numbers(1, told.length));
});

test("tokens are asked of a tab that lives", async () => {
  const served = await serve({ channels: [openChannels], tokens: { secret: tokenSecret }, mode: "production" });
  const { tab } = browserOf(served);
  const asked: string[] = [];
  const tokenBy = (name: string): TokenSource => {
    return () => {
      asked.push(name);
      return Promise.resolve(tokenOf({ sub: "42", exp: Date.now() / 1_000 + 60 }));
    };
  };
  const first = tab({ token: tokenBy("first") });
  await stands(first, "connected");
  const second = tab({ token: tokenBy("second") });
  await stands(second, "connected");
  expect(asked).toEqual(["first"]);
  first.close();
  const { state } = second;
  served.tide.cut(state.kind === "connected" ? state.session : "");
  await stands(second, "waiting");
  second.retry();
  await stands(second, "connected");
  // One that expires is not shown twice.
  expect(asked).toEqual(["first", "second"]);
});

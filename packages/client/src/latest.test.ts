// The table of a `latest` channel against a server on a real port: keys, frames, resets, sharing, and rates.
import { describe, expect, test } from "vitest";
import { answering, comeBack, is } from "../test/channel-log.ts";
import { connected, quiet, setStage, type Stage } from "../test/stage.ts";
import type { Channel } from "./index.ts";
import { type Latest, type LatestOptions, latestOf } from "./latest.ts";

const name = "market:x";

function channelOf({ client }: Stage): Channel {
  return client.channel(name, { mode: "latest" });
}

interface Watch {
  readonly latest: Latest;
  readonly channel: Channel;
  readonly frames: () => number;
  readonly stop: () => void;
}

async function watch(stage: Stage, options?: LatestOptions): Promise<Watch> {
  const channel = channelOf(stage);
  const latest = latestOf(channel, options);
  let frames = 0;
  const stop = latest.subscribe(() => frames++);
  await connected(stage);
  await is(channel, "live");
  return { latest, channel, stop, frames: () => frames };
}

/** Each value is its own offset. */
function set({ server }: Stage, offset: number, key: string): void {
  server.link.push(name, { pub: { data: offset, offset, key } });
}

function remove({ server }: Stage, offset: number, key: string): void {
  server.link.push(name, { pub: { data: null, offset, key, removed: true } });
}

/** What the table shows after the next frame. */
async function shown(stage: Stage, latest: Latest): Promise<Record<string, unknown>> {
  await quiet(stage);
  stage.clock.advance(16);
  const { keys, table } = latest.getSnapshot();
  return Object.fromEntries(keys.map((key) => [key, table.get(key)?.data]));
}

const unrecovered = answering(({ recover }) => ({
  recoverable: true,
  epoch: "e1",
  offset: 0,
  ...(recover === true && { was_recovering: true, recovered: false }),
}));

test("nothing is opened before somebody watches, and a channel of another mode is refused", async () => {
  const stage = await connected(await setStage());
  const latest = latestOf(channelOf(stage));
  expect(latest.getSnapshot()).toMatchObject({
    keys: [],
    status: { kind: "closed", reason: null },
    isPaused: false,
    isStale: true,
    resets: 0,
    changed: new Set(),
    received: 0,
  });
  await quiet(stage);
  expect(stage.server.all("subscribe")).toHaveLength(0);
  expect(() => latestOf(stage.client.channel("news"))).toThrow(
    new TypeError('expected a latest channel, "news" is a stream channel'),
  );
});

describe("a frame", () => {
  test("takes in what came since the one before, of each key the newest", async () => {
    const stage = await setStage();
    const { latest, frames } = await watch(stage);
    for (let offset = 1; offset <= 100; offset++) set(stage, offset, `k${offset % 3}`);
    await quiet(stage);
    expect(latest.getSnapshot().keys).toEqual([]);
    const before = frames();
    expect(await shown(stage, latest)).toEqual({ k0: 99, k1: 100, k2: 98 });
    expect(frames()).toBe(before + 1);
    expect(latest.getSnapshot()).toMatchObject({ received: 100, isStale: false, changed: new Set(["k0", "k1", "k2"]) });
    expect(latest.getSnapshot().table.get("k1")).toMatchObject({
      key: "k1",
      removed: false,
      position: { epoch: "e1", offset: 100 },
    });
    set(stage, 101, "k1");
    await shown(stage, latest);
    expect(latest.getSnapshot().changed).toEqual(new Set(["k1"]));
  });

  test("tells those who watch a key of that key alone, and the outline only of other keys", async () => {
    const stage = await setStage();
    const { latest } = await watch(stage);
    const told: string[] = [];
    const { table } = latest.outline.getSnapshot();
    for (const key of ["a", "b"]) table.subscribeKey(key, () => told.push(`${key}=${String(table.get(key)?.data)}`));
    const stopOutline = latest.outline.subscribe(() => told.push(latest.outline.getSnapshot().keys.join("")));
    set(stage, 1, "a");
    await shown(stage, latest);
    expect(told).toEqual(["a=1", "a"]);
    const { keys } = latest.outline.getSnapshot();
    told.length = 0;
    set(stage, 2, "a");
    await shown(stage, latest);
    expect(told).toEqual(["a=2"]);
    expect(latest.outline.getSnapshot().keys).toBe(keys);
    expect(latest.getSnapshot().keys).toBe(keys);
    set(stage, 3, "b");
    remove(stage, 4, "a");
    await shown(stage, latest);
    expect(told).toEqual(["a=2", "b=3", "a=undefined", "b"]);
    stopOutline();
  });

  test("a key that comes and goes within it leaves the keys as they are", async () => {
    const stage = await setStage();
    const { latest } = await watch(stage);
    set(stage, 1, "a");
    await shown(stage, latest);
    const { keys } = latest.getSnapshot();
    set(stage, 2, "b");
    remove(stage, 3, "b");
    expect(await shown(stage, latest)).toEqual({ a: 1 });
    expect(latest.getSnapshot().keys).toBe(keys);
  });

  test("whoever no longer watches a key hears nothing", async () => {
    const stage = await setStage();
    const { latest } = await watch(stage);
    const { table } = latest.getSnapshot();
    let told = 0;
    const stopFirst = table.subscribeKey("a", () => told++);
    const stopSecond = table.subscribeKey("a", () => told++);
    stopFirst();
    set(stage, 1, "a");
    await shown(stage, latest);
    expect(told).toBe(1);
    stopSecond();
    stopSecond();
    set(stage, 2, "a");
    await shown(stage, latest);
    expect(told).toBe(1);
  });
});

describe("coming back", () => {
  test("with recovered: true, what is told since is applied, removals too", async () => {
    const stage = await setStage();
    const { channel, latest } = await watch(stage);
    set(stage, 1, "a");
    set(stage, 2, "b");
    await shown(stage, latest);
    await comeBack(stage, channel);
    await is(channel, "live");
    remove(stage, 3, "a");
    set(stage, 4, "c");
    expect(await shown(stage, latest)).toEqual({ b: 2, c: 4 });
    expect(latest.getSnapshot()).toMatchObject({ resets: 0, received: 4, isStale: false });
  });

  test("with recovered: false, what was there stays until the first of the new table comes, and then is gone", async () => {
    const stage = await setStage();
    stage.server.script = unrecovered;
    const { channel, latest } = await watch(stage);
    set(stage, 1, "a");
    set(stage, 2, "b");
    await shown(stage, latest);
    await comeBack(stage, channel);
    await is(channel, "live");
    expect(await shown(stage, latest)).toEqual({ a: 1, b: 2 });
    expect(latest.getSnapshot()).toMatchObject({ resets: 1, isStale: true });
    set(stage, 3, "c");
    expect(await shown(stage, latest)).toEqual({ c: 3 });
    expect(latest.getSnapshot()).toMatchObject({ isStale: false, changed: new Set(["a", "b", "c"]) });
    // Told once: what is paused and resumed later has lost nothing.
    channel.pause();
    channel.resume();
    set(stage, 4, "d");
    expect(await shown(stage, latest)).toEqual({ c: 3, d: 4 });
  });

  test("where nothing of the new table comes it is empty", async () => {
    const stage = await setStage();
    stage.server.script = unrecovered;
    const { channel, latest } = await watch(stage);
    set(stage, 1, "a");
    await shown(stage, latest);
    await comeBack(stage, channel);
    await is(channel, "live");
    stage.clock.advance(980);
    expect(await shown(stage, latest)).toEqual({ a: 1 });
    stage.clock.advance(4);
    expect(await shown(stage, latest)).toEqual({});
    expect(latest.getSnapshot()).toMatchObject({ isStale: false, keys: [] });
  });

  test("paused, the old table stays and is called stale, however long", async () => {
    const stage = await setStage();
    stage.server.script = unrecovered;
    const { channel, latest } = await watch(stage);
    set(stage, 1, "a");
    await shown(stage, latest);
    channel.pause();
    await comeBack(stage, channel);
    await is(channel, "paused");
    stage.clock.advance(20_000);
    expect(await shown(stage, latest)).toEqual({ a: 1 });
    expect(latest.getSnapshot()).toMatchObject({ isStale: true, isPaused: true, resets: 1 });
    channel.resume();
    set(stage, 2, "b");
    expect(await shown(stage, latest)).toEqual({ b: 2 });
  });

  test("without a connection the values stay, and are called stale", async () => {
    const stage = await setStage();
    const { channel, latest } = await watch(stage);
    set(stage, 1, "a");
    await shown(stage, latest);
    stage.server.link.cut();
    await is(channel, "waiting");
    stage.clock.advance(16);
    expect(latest.getSnapshot()).toMatchObject({ keys: ["a"], isStale: true, status: { kind: "waiting" } });
  });
});

describe("sharing", () => {
  test("two who watch have one subscription, one table and the same values", async () => {
    const stage = await setStage();
    const { channel, latest } = await watch(stage);
    set(stage, 1, "a");
    await shown(stage, latest);
    const second = latestOf(channel);
    expect(second.getSnapshot()).toBe(latest.getSnapshot());
    const stop = second.outline.subscribe(() => undefined);
    await quiet(stage);
    expect(stage.server.all("subscribe")).toHaveLength(1);
    stop();
  });

  test("who comes after the channel was told to somebody else has the table told again", async () => {
    const stage = await setStage();
    const channel = channelOf(stage);
    channel.open();
    await connected(stage);
    await is(channel, "live");
    set(stage, 1, "a");
    await quiet(stage);
    const latest = latestOf(channel);
    await quiet(stage);
    expect(stage.server.all("unsubscribe")).toHaveLength(0);
    latest.subscribe(() => undefined);
    latest.outline.subscribe(() => undefined);
    await stage.server.hears("unsubscribe");
    expect(await stage.server.hears("subscribe", 2)).not.toHaveProperty("recover");
    await is(channel, "live");
    set(stage, 1, "a");
    expect(await shown(stage, latest)).toEqual({ a: 1 });
    expect(latest.getSnapshot()).toMatchObject({ resets: 0, received: 1 });
    expect(stage.server.all("subscribe")).toHaveLength(2);
  });

  test("who asked for the table late, and watches only in another life, finds it whole", async () => {
    const stage = await setStage();
    const channel = channelOf(stage);
    const stop = channel.open();
    await connected(stage);
    await is(channel, "live");
    const latest = latestOf(channel);
    stop();
    stage.clock.advance(50);
    latest.subscribe(() => undefined);
    await stage.server.hears("subscribe", 2);
    await is(channel, "live");
    set(stage, 1, "a");
    expect(await shown(stage, latest)).toEqual({ a: 1 });
    expect(stage.server.all("subscribe")).toHaveLength(2);
  });

  test("who watches again within the grace goes on, and afterwards begins with nothing", async () => {
    const stage = await setStage();
    const { channel, latest, stop } = await watch(stage);
    set(stage, 1, "a");
    await shown(stage, latest);
    stop();
    set(stage, 2, "b");
    await quiet(stage);
    const stopAgain = latest.subscribe(() => undefined);
    expect(await shown(stage, latest)).toEqual({ a: 1, b: 2 });
    stopAgain();
    stage.clock.advance(50);
    latest.subscribe(() => undefined);
    await stage.server.hears("subscribe", 2);
    await is(channel, "live");
    expect(await shown(stage, latest)).toEqual({});
    expect(latest.getSnapshot()).toMatchObject({ isStale: true, received: 0 });
  });
});

describe("the rate", () => {
  const rates = ({ server }: Stage): unknown[] =>
    server
      .all("rpc")
      .filter(({ method }) => method === "tide.rate")
      .map(({ data }) => data);

  test("is asked for with the subscribe, and again after every connection", async () => {
    const stage = await setStage();
    const { channel } = await watch(stage, { rate: 5 });
    expect(stage.server.all("subscribe")[0]).toMatchObject({ channel: name, tide: { rate: 5 } });
    expect(await comeBack(stage, channel)).toMatchObject({ recover: true, tide: { rate: 5 } });
    await quiet(stage);
    expect(rates(stage)).toEqual([]);
  });

  test("of a channel that named none is not asked for", async () => {
    const stage = await setStage();
    await watch(stage);
    expect(stage.server.all("subscribe")[0]).not.toHaveProperty("tide.rate");
  });

  test("changes without a new subscription", async () => {
    const stage = await setStage();
    const { channel, stop } = await watch(stage, { rate: 5 });
    stop();
    const stopNext = latestOf(channel, { rate: 10 }).subscribe(() => undefined);
    await quiet(stage);
    expect(rates(stage)).toEqual([{ channel: name, rate: 10 }]);
    expect(stage.server.all("subscribe")).toHaveLength(1);
    expect(stage.server.all("unsubscribe")).toHaveLength(0);
    expect(await comeBack(stage, channel)).toMatchObject({ tide: { rate: 10 } });
    stopNext();
  });

  test("is the highest that anybody wants, and without a limit when one wants none", async () => {
    const stage = await setStage();
    const { channel, stop } = await watch(stage, { rate: 5 });
    const stops = [{ rate: 20 }, { rate: 1 }].map((options) => channel.open(options));
    await quiet(stage);
    for (const stopOther of stops) stopOther();
    await quiet(stage);
    const stopFree = channel.open();
    await quiet(stage);
    stopFree();
    await quiet(stage);
    expect(rates(stage)).toEqual([20, 5, 60, 5].map((rate) => ({ channel: name, rate })));
    stop();
  });

  test("that is another only for the moment is not told", async () => {
    const stage = await setStage();
    const { channel, stop } = await watch(stage, { rate: 5 });
    channel.open({ rate: 20 })();
    stop();
    latestOf(channel, { rate: 5 }).subscribe(() => undefined);
    await quiet(stage);
    expect(rates(stage)).toEqual([]);
  });

  test("that changes while subscribing is told afterwards", async () => {
    const stage = await setStage();
    const channel = channelOf(stage);
    const stop = channel.open({ rate: 2 });
    stage.client.connect();
    await is(channel, "subscribing");
    channel.open({ rate: 3 });
    stop();
    await stage.server.hears("rpc");
    expect(rates(stage)).toEqual([{ channel: name, rate: 3 }]);
  });

  test("that the server refuses leaves the subscription as it is", async () => {
    const stage = await setStage();
    const { channel } = await watch(stage, { rate: 5 });
    stage.server.script = (method, { method: call }) =>
      method === "rpc" && call === "tide.rate" ? { error: { code: 107, message: "bad request" } } : undefined;
    channel.open({ rate: 500 });
    await quiet(stage);
    expect(channel.status.kind).toBe("live");
  });
});

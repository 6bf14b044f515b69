// The feed against a server on a real port: what it keeps, when it changes, and what it says of gaps.
import { describe, expect, test } from "vitest";
import { connected, holds, quiet, reaches, setStage, type Stage } from "../test/stage.ts";
import { type Feed, feedOf, type FeedOptions } from "./feed.ts";

interface Watch {
  readonly feed: Feed;
  /** What it shows after the next frame. */
  readonly data: () => readonly unknown[];
  readonly renders: () => number;
  readonly stop: () => void;
}

async function watch(stage: Stage, options?: FeedOptions): Promise<Watch> {
  const channel = stage.client.channel("news");
  const feed = feedOf(channel, options);
  let renders = 0;
  const stop = feed.subscribe(() => renders++);
  await connected(stage);
  await holds(channel.onState, () => (channel.status.kind === "live" ? true : null));
  return {
    feed,
    stop,
    renders: () => renders,
    data: () => {
      stage.clock.advance(16);
      return feed.getSnapshot().publications.map(({ data }) => data);
    },
  };
}

test("shows nothing before it is watched, and opens nothing", async () => {
  const stage = await connected(await setStage());
  const feed = feedOf(stage.client.channel("news"));
  expect(feed.getSnapshot()).toEqual({
    publications: [],
    status: { kind: "closed", reason: null },
    isPaused: false,
    recovered: true,
    gap: null,
    skipped: 0,
  });
  await quiet(stage);
  expect(stage.server.all("subscribe")).toHaveLength(0);
});

describe("publications", () => {
  test("are shown once a frame, the oldest first, in an array that stays the same until then", async () => {
    const stage = await setStage();
    const { data, feed, renders } = await watch(stage);
    expect(data()).toEqual([]);
    const before = renders();
    for (let offset = 1; offset <= 50; offset++) stage.server.link.publish("news", offset);
    await quiet(stage);
    const { publications } = feed.getSnapshot();
    expect(publications).toEqual([]);
    expect(data()).toHaveLength(50);
    expect(renders()).toBe(before + 1);
    const kept = feed.getSnapshot().publications;
    stage.client.channel("news").pause();
    stage.clock.advance(16);
    expect(feed.getSnapshot().isPaused).toBe(true);
    expect(feed.getSnapshot().publications).toBe(kept);
  });

  test("are dropped from the oldest on, even within one frame", async () => {
    const stage = await setStage();
    const { data } = await watch(stage, { keep: 3 });
    for (let offset = 1; offset <= 20; offset++) stage.server.link.publish("news", offset);
    await quiet(stage);
    expect(data()).toEqual([18, 19, 20]);
    stage.server.link.publish("news", 21);
    await quiet(stage);
    expect(data()).toEqual([19, 20, 21]);
  });

  test("are not kept where none are wanted, and then render nothing", async () => {
    const stage = await setStage();
    const { data, renders } = await watch(stage, { keep: 0 });
    data();
    const before = renders();
    stage.server.link.publish("news", 1);
    await quiet(stage);
    expect(data()).toEqual([]);
    expect(renders()).toBe(before);
  });
});

test("a gap is kept, and what came before it too", async () => {
  const stage = await setStage();
  const { data, feed } = await watch(stage);
  stage.server.link.publish("news", 1);
  await quiet(stage);
  stage.server.script = (method) =>
    method === "subscribe" ? { subscribe: { recoverable: true, epoch: "e1", offset: 9, recovered: false } } : undefined;
  stage.server.link.cut();
  await reaches(stage.client, "waiting");
  stage.clock.advance(750);
  expect(feed.getSnapshot()).toMatchObject({ status: { kind: "waiting" }, recovered: true });
  await reaches(stage.client, "connected");
  await quiet(stage);
  stage.server.link.publish("news", 10);
  stage.server.link.push("news", { skipped: { count: 2 } });
  await quiet(stage);
  expect(data()).toEqual([1, 10]);
  const gap = { from: { epoch: "e1", offset: 1 }, to: { epoch: "e1", offset: 9 } };
  expect(feed.getSnapshot()).toMatchObject({ recovered: false, gap, skipped: 2 });
});

test("a pause shows at once, without a connection too", async () => {
  const stage = await setStage();
  const channel = stage.client.channel("news");
  const feed = feedOf(channel);
  feed.subscribe(() => undefined);
  channel.pause();
  stage.clock.advance(16);
  expect(feed.getSnapshot()).toMatchObject({ status: { kind: "waiting" }, isPaused: true });
  channel.resume();
  stage.clock.advance(16);
  expect(feed.getSnapshot().isPaused).toBe(false);
});

describe("watching again", () => {
  test("within the grace goes on with what was there", async () => {
    const stage = await setStage();
    const { data, feed, stop } = await watch(stage);
    stage.server.link.publish("news", 1);
    await quiet(stage);
    stop();
    feed.subscribe(() => undefined);
    stage.server.link.publish("news", 2);
    await quiet(stage);
    expect(data()).toEqual([1, 2]);
    expect(stage.server.all("subscribe")).toHaveLength(1);
  });

  test("after the subscription has ended starts empty: nobody knows what passed meanwhile", async () => {
    const stage = await setStage();
    const { data, feed, stop } = await watch(stage);
    stage.server.link.publish("news", 1);
    await quiet(stage);
    stop();
    stage.clock.advance(50);
    feed.subscribe(() => undefined);
    await stage.server.hears("subscribe", 2);
    await quiet(stage);
    stage.server.link.publish("news", 1, "again");
    await quiet(stage);
    expect(data()).toEqual(["again"]);
  });
});

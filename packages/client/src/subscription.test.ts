// Subscriptions against a server on a real port: opening, publications, answers, and ends.
import { defineChannel, type Position } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import { answering, atTen, is, live, record } from "../test/channel-log.ts";
import { connected, holds, quiet, reaches, setStage } from "../test/stage.ts";
import type { Gap } from "./index.ts";

const chat = defineChannel("chat:{room}", { presence: true });
const typing = defineChannel("typing:{room}", { mode: "signal" });

describe("opening", () => {
  test("before and after connect goes out in as few frames as it can", async () => {
    const stage = await setStage();
    const { client, server } = stage;
    const [lobby, team] = [client.channel(chat, { room: "lobby" }), client.channel(chat, { room: "team" })];
    lobby.open();
    team.open();
    client.connect();
    await is(team, "live");
    expect(server.link.frames).toHaveLength(1);
    expect(server.link.frames[0]?.split("\n").map((line) => JSON.parse(line) as unknown)).toEqual([
      { id: 1, connect: { name: "tidewire", tide: { window: 4_194_304 } } },
      { id: 2, subscribe: { channel: "chat:lobby", recoverable: true, join_leave: true, tide: {} } },
      { id: 3, subscribe: { channel: "chat:team", recoverable: true, join_leave: true, tide: {} } },
    ]);
    for (const room of ["a", "b", "c"]) client.channel(typing, { room }).open();
    await server.hears("subscribe", 5);
    expect(server.link.frames).toHaveLength(2);
    expect(server.all("subscribe")[2]).toEqual({ channel: "typing:a", tide: {} });
  });

  test("a hundred channels keeps to the server's limit of commands and bytes a frame", async () => {
    const stage = await connected(await setStage());
    for (let number = 0; number < 100; number++) stage.client.channel(`room:${number}:${"x".repeat(200)}`).open();
    await stage.server.hears("subscribe", 100);
    for (const frame of stage.server.link.frames) {
      expect(frame.split("\n").length).toBeLessThanOrEqual(64);
      expect(frame.length).toBeLessThanOrEqual(65_536 / 3);
    }
  });

  test("is counted: one subscribe for many, one unsubscribe after the last", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    const channel = client.channel("news");
    expect(client.channel("news")).toBe(channel);
    const stops = [channel.open(), channel.open(), client.channel("news").open()];
    await connected(stage);
    await is(channel, "live");
    stops[0]?.();
    stops[0]?.();
    stops[0]?.();
    stops[1]?.();
    clock.advance(1_000);
    await quiet(stage);
    expect(channel.status.kind).toBe("live");
    stops[2]?.();
    clock.advance(50);
    expect(channel.status).toEqual({ kind: "closed", reason: null });
    expect(await server.hears("unsubscribe")).toEqual({ channel: "news" });
    expect(server.all("subscribe")).toHaveLength(1);
  });

  test("again within the grace goes on as if nothing had been", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    const channel = client.channel("news");
    // What React's StrictMode does with every effect.
    channel.open()();
    channel.open();
    await connected(stage);
    await is(channel, "live");
    clock.advance(1_000);
    await quiet(stage);
    expect(server.all("subscribe")).toHaveLength(1);
    expect(server.all("unsubscribe")).toHaveLength(0);
  });

  test("again after the end is a new life, with nothing of the old one", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    const channel = client.channel("news");
    const stop = channel.open();
    await connected(stage);
    await is(channel, "live");
    const log = record(channel);
    server.link.publish("news", 1);
    await holds(channel.onPublication, () => (log.offsets.length > 0 ? true : null));
    stop();
    clock.advance(50);
    channel.open();
    // In flight when it ended, or sent before the server had read the unsubscribe.
    server.link.publish("news", 2);
    await server.hears("subscribe", 2);
    await quiet(stage);
    expect(server.all("subscribe")[1]).toEqual({ channel: "news", recoverable: true, tide: {} });
    expect(log.entries).toEqual([1, "closed", "subscribing", "live recovered"]);
  });

  test("that ends before the server has answered ends there too", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    server.script = (method) => (method === "subscribe" ? "hang" : undefined);
    const channel = client.channel("news");
    const stop = channel.open();
    await connected(stage);
    stop();
    clock.advance(50);
    expect(await server.hears("unsubscribe")).toEqual({ channel: "news" });
    clock.advance(4_949);
    expect(client.state.kind).toBe("connected");
  });

  test("with a position begins after it", async () => {
    const stage = await setStage();
    const { client, server } = stage;
    server.script = answering(() => ({
      ...atTen,
      offset: 7,
      recovered: true,
      publications: [{ data: "eight", offset: 8 }],
    }));
    const channel = client.channel("news");
    const log = record(channel);
    channel.open({ since: { epoch: "e1", offset: 7 } });
    await connected(stage);
    await is(channel, "live");
    expect(server.all("subscribe")[0]).toMatchObject({ recover: true, epoch: "e1", offset: 7 });
    expect(log.entries).toEqual(["waiting", "subscribing", "live recovered", "eight"]);
    expect(channel.position).toEqual({ epoch: "e1", offset: 8 });
  });

  test("after close waits for the next connect", async () => {
    const stage = await connected(await setStage());
    stage.client.close();
    const channel = stage.client.channel("news");
    channel.open();
    expect(channel.status.kind).toBe("waiting");
    stage.client.connect();
    await is(channel, "live");
  });
});

describe("publications", () => {
  test("come with everything the server says of them", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    const heard: unknown[] = [];
    channel.onPublication((publication) => heard.push(publication));
    stage.server.link.push("news", {
      pub: {
        data: { text: "hi" },
        offset: 1,
        time: 1_700_000_000_000,
        tags: { kind: "note" },
        info: { client: "s1", user: "ann", conn_info: { name: "Ann" }, chan_info: { colour: "red" } },
        unknown: true,
      },
    });
    stage.server.link.push("news", { pub: { info: { client: "s2", conn_info: 5 } } });
    await quiet(stage);
    expect(heard).toEqual([
      {
        id: "e1:1",
        data: { text: "hi" },
        position: { epoch: "e1", offset: 1 },
        author: { session: "s1", user: "ann", info: { colour: "red" } },
        atMs: 1_700_000_000_000,
        tags: { kind: "note" },
        key: null,
        removed: false,
      },
      {
        id: expect.stringMatching(/^~\d+$/) as string,
        data: null,
        position: null,
        author: { session: "s2", user: "", info: 5 },
        atMs: null,
        tags: null,
        key: null,
        removed: false,
      },
    ]);
  });

  test("that come twice, or too late, are handed over once", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    const log = record(channel);
    for (const offset of [1, 2, 2, 1, 3, 2, 3, 4, 0, 0]) stage.server.link.publish("news", offset);
    await quiet(stage);
    expect(log.offsets).toEqual([1, 2, 3, 4, null, null]);
  });

  test("move the position only after the handlers were called", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    const positions: (Position | null)[] = [];
    channel.onPublication(() => {
      positions.push(channel.position);
      throw new Error("mine");
    });
    stage.server.link.publish("news", 1);
    stage.server.link.publish("news", 2);
    await quiet(stage);
    expect(positions.map((position) => position?.offset)).toEqual([0, 1]);
    expect(channel.position).toEqual({ epoch: "e1", offset: 2 });
    expect(stage.errors).toHaveLength(2);
  });

  test("after a handler has closed the client are left for the next connection", async () => {
    const stage = await setStage();
    const { client, server } = stage;
    const channel = await live(stage);
    const log = record(channel);
    const stop = channel.onPublication(() => client.close());
    server.link.send(...[1, 2, 3].map((offset) => ({ push: { channel: "news", pub: { data: offset, offset } } })));
    await reaches(client, "closed");
    expect(log.offsets).toEqual([1]);
    stop();
    server.script = answering(({ offset }) => ({
      ...atTen,
      offset,
      recovered: true,
      publications: [2, 3].map((missed) => ({ data: missed, offset: missed })),
    }));
    client.connect();
    expect(await server.hears("subscribe", 2)).toMatchObject({ recover: true, offset: 1 });
    await is(channel, "live");
    expect(log.offsets).toEqual([1, 2, 3]);
  });
});

test("a handler that closes everything leaves no position behind", async () => {
  const stage = await setStage();
  const { client, server } = stage;
  const channel = client.channel("news");
  const stop = channel.open();
  await connected(stage);
  await is(channel, "live");
  channel.onPublication(() => {
    stop();
    client.close();
  });
  server.link.publish("news", 1);
  await reaches(client, "closed");
  await is(channel, "closed");
  expect(channel.position).toBeNull();
});

describe("an unsubscribe by the server", () => {
  test("below 2500 is the end, until it is opened again", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    stage.server.link.push("news", { unsubscribe: { code: 2000, reason: "server unsubscribe" } });
    expect(await is(channel, "closed")).toEqual({
      kind: "closed",
      reason: { code: 2000, reason: "server unsubscribe" },
    });
    stage.server.link.publish("news", 1);
    stage.server.link.cut();
    await reaches(stage.client, "waiting");
    stage.clock.advance(750);
    await connected(stage);
    await quiet(stage);
    expect(stage.server.all("subscribe")).toHaveLength(1);
    channel.open();
    await is(channel, "live");
  });

  test("of 2500 is answered with a recovery, at once where it had held", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    const { clock, server } = stage;
    const insufficient = { unsubscribe: { code: 2500, reason: "insufficient state" } };
    server.link.publish("news", 6);
    await quiet(stage);
    clock.advance(10_000);
    server.link.push("news", insufficient);
    expect(await server.hears("subscribe", 2)).toMatchObject({ recover: true, epoch: "e1", offset: 6 });
    await is(channel, "live");
    server.link.push("news", insufficient);
    await is(channel, "waiting");
    await quiet(stage);
    expect(server.all("subscribe")).toHaveLength(2);
    clock.advance(2_250);
    await server.hears("subscribe", 3);
  });

  test("of 2502 drops the position, and says so", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    const { clock, server } = stage;
    const gaps: Gap[] = [];
    channel.onGap((gap) => gaps.push(gap));
    server.link.publish("news", 6);
    await quiet(stage);
    clock.advance(10_000);
    server.link.push("news", { unsubscribe: { code: 2502, reason: "state invalidated" } });
    expect(await server.hears("subscribe", 2)).not.toHaveProperty("recover");
    await is(channel, "live");
    expect(gaps).toHaveLength(1);
  });
});

test("an unsubscribe that fails ends the connection, since nobody knows what still comes", async () => {
  const stage = await connected(await setStage());
  const { client, clock, server } = stage;
  server.script = (method) => (method === "unsubscribe" ? { error: { code: 100, message: "internal" } } : undefined);
  const channel = client.channel("news");
  const stop = channel.open();
  await is(channel, "live");
  stop();
  clock.advance(50);
  expect((await reaches(client, "waiting")).reason.code).toBe(100);
});

test("joins and leaves are told", async () => {
  const stage = await setStage();
  const channel = await live(stage, "chat:a");
  const changes: unknown[] = [];
  channel.onMember((change) => changes.push(change));
  stage.server.link.push("chat:a", { join: { info: { client: "s2", user: "bob" } } });
  stage.server.link.push("chat:a", { leave: { info: { client: "s2", user: "bob" } } });
  await quiet(stage);
  const member = { session: "s2", user: "bob" };
  expect(changes).toEqual([
    { kind: "join", member },
    { kind: "leave", member },
  ]);
});

test("a channel that nobody holds any more is let go of, and one that is open is not", async () => {
  const stage = await connected(await setStage());
  const { client, server } = stage;
  client.channel("kept").open();
  const heard: unknown[] = [];
  client.channel("kept").onPublication(({ data }) => heard.push(data));
  await server.hears("subscribe");
  await quiet(stage);
  server.link.publish("kept", 1, "still here");
  await quiet(stage);
  expect(heard).toEqual(["still here"]);
});

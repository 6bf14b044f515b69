// Flow control against a server on a real port: pausing, hiding, and what the server skipped.
import { describe, expect, test } from "vitest";
import { comeBack, is, live, record } from "../test/channel-log.ts";
import { connected, holds, quiet, setStage } from "../test/stage.ts";

describe("a pause", () => {
  test("is told to the server, and shown; so is the end of it", async () => {
    const stage = await setStage();
    const channel = await live(stage);
    channel.pause();
    channel.pause();
    expect(channel.status).toEqual({ kind: "paused", recovered: true });
    expect(await stage.server.hears("rpc")).toEqual({ method: "tide.pause", data: { channel: "news" } });
    // What was on its way comes nevertheless: dropping it would be a loss.
    const log = record(channel);
    stage.server.link.publish("news", 1);
    await quiet(stage);
    expect(log.offsets).toEqual([1]);
    channel.resume();
    expect(await stage.server.hears("rpc", 3)).toEqual({ method: "tide.resume", data: { channel: "news" } });
    expect(channel.status.kind).toBe("live");
  });

  test("outlives the connection, and can be wished for without one", async () => {
    const stage = await setStage();
    const { client, server } = stage;
    const channel = client.channel("news");
    channel.open();
    channel.pause();
    await connected(stage);
    await is(channel, "paused");
    expect(server.all("subscribe")[0]).toMatchObject({ tide: { paused: true } });
    expect(await comeBack(stage, channel)).toMatchObject({ recover: true, tide: { paused: true } });
    await is(channel, "paused");
    channel.resume();
    await server.hears("rpc");
    expect(await comeBack(stage, channel)).not.toHaveProperty("tide.paused");
    expect(server.all("rpc")).toEqual([{ method: "tide.resume", data: { channel: "news" } }]);
  });

  test("that changes while subscribing is told afterwards", async () => {
    const stage = await setStage();
    const channel = stage.client.channel("news");
    channel.open();
    stage.client.connect();
    await holds(channel.onState, () => (channel.status.kind === "subscribing" ? true : null));
    channel.pause();
    expect(await stage.server.hears("rpc")).toMatchObject({ method: "tide.pause" });
    expect(channel.status.kind).toBe("paused");
  });

  test("that the server does not know is not claimed", async () => {
    const stage = await setStage();
    stage.server.script = (method) =>
      method === "rpc" ? { error: { code: 108, message: "not available" } } : undefined;
    const channel = await live(stage);
    channel.pause();
    expect(channel.status.kind).toBe("paused");
    await is(channel, "live");
  });

  test("while the page is hidden happens when everybody who has the channel open wants it", async () => {
    const stage = await setStage();
    const { client, clock, page, server } = stage;
    const channel = client.channel("news");
    const stopFirst = channel.open({ pauseWhenHidden: true });
    const stopSecond = channel.open();
    await connected(stage);
    await is(channel, "live");
    page.become("hidden");
    expect(channel.status.kind).toBe("live");
    stopSecond();
    expect(channel.status.kind).toBe("paused");
    page.become("visible");
    expect(channel.status.kind).toBe("live");
    page.become("hidden");
    channel.pause();
    page.become("visible");
    expect(channel.status.kind).toBe("paused");
    channel.resume();
    expect(channel.status.kind).toBe("live");
    await server.hears("rpc", 6);
    const methods = server.all("rpc").map(({ method }) => method);
    expect(methods.filter((method) => method !== "tide.ping")).toEqual([
      "tide.pause",
      "tide.resume",
      "tide.pause",
      "tide.resume",
    ]);
    stopFirst();
    clock.advance(50);
  });
});

test("a pause ends with the life of the subscription", async () => {
  const stage = await setStage();
  const channel = stage.client.channel("news");
  const stop = channel.open();
  await connected(stage);
  await is(channel, "live");
  channel.pause();
  stop();
  stage.clock.advance(50);
  channel.open();
  await is(channel, "live");
  expect(stage.server.all("rpc").map(({ method }) => method)).toEqual(["tide.pause"]);
});

test("what the server skipped is told", async () => {
  const stage = await setStage();
  const channel = await live(stage);
  const counts: number[] = [];
  channel.onSkipped((count) => counts.push(count));
  stage.server.link.push("news", { skipped: { count: 14 } });
  await quiet(stage);
  stage.server.script = (method, { method: call }) =>
    method === "rpc" ? { rpc: { data: { skipped: call === "tide.resume" ? 3 : 0 } } } : undefined;
  channel.pause();
  channel.resume();
  await quiet(stage);
  expect(counts).toEqual([14, 3]);
});

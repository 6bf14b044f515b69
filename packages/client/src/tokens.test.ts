// Tokens and refusals against a server on a real port: fetched, kept, renewed, refused.
import { TidewireError } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import { is } from "../test/channel-log.ts";
import { connected, quiet, reaches, setStage } from "../test/stage.ts";

describe("tokens", () => {
  test("a function is asked once, and again when the server says that the token has expired", async () => {
    const made: string[] = [];
    const stage = await setStage({
      token: () => {
        made.push(`token-${made.length + 1}`);
        return Promise.resolve(made.at(-1) ?? "");
      },
    });
    const { client, clock, server } = stage;
    server.script = (method, { token }) =>
      method === "connect" && token === "token-2" ? { error: { code: 109, message: "token expired" } } : undefined;
    await connected(stage);
    server.link.cut();
    await reaches(client, "waiting");
    clock.advance(750);
    await reaches(client, "connected");
    expect(made).toEqual(["token-1"]);

    server.link.close(3005, "connection expired");
    await reaches(client, "waiting");
    clock.advance(clock.nextMs ?? 0);
    await reaches(client, "waiting");
    clock.advance(clock.nextMs ?? 0);
    await reaches(client, "connected");
    expect(made).toEqual(["token-1", "token-2", "token-3"]);
    expect(server.all("connect").map(({ token }) => token)).toEqual(["token-1", "token-1", "token-2", "token-3"]);
  });

  test("a fixed one that has expired is the end", async () => {
    const { client, server } = await setStage({ token: "old" });
    server.script = () => ({ error: { code: 109, message: "token expired" } });
    client.connect();
    expect((await reaches(client, "closed")).reason).toEqual({ code: 109, reason: "token expired" });
  });

  test("one that cannot be fetched is tried again, one that is refused is the end", async () => {
    const failures = [new Error("network"), new TidewireError("denied", "not you")];
    const { client, clock, server } = await setStage({
      token: () => Promise.reject(failures.shift() ?? new Error("more")),
    });
    client.connect();
    expect((await reaches(client, "waiting")).reason.code).toBe(5);
    clock.advance(750);
    expect((await reaches(client, "closed")).reason).toEqual({ code: 103, reason: "not you" });
    expect(server.upgrades).toBe(0);
  });

  test("one that never comes does not hold the client for ever: another is asked for", async () => {
    const hanging = new Promise<string>(() => undefined);
    const tokens = [hanging, hanging, Promise.resolve("at last")];
    const { client, clock, server } = await setStage({ token: () => tokens.shift() ?? hanging });
    client.connect();
    for (const delayMs of [750, 1_250]) {
      clock.advance(9_999);
      expect(client.state.kind).toBe("connecting");
      clock.advance(1);
      expect(client.state).toMatchObject({ kind: "waiting", delayMs, reason: { code: 5, reason: "no token" } });
      clock.advance(delayMs);
      await Promise.resolve();
    }
    await reaches(client, "connected");
    expect(server.all("connect")).toMatchObject([{ token: "at last" }]);
  });

  test("that are long in coming do not bring three sockets into one second", async () => {
    const waiting: ((token: string) => void)[] = [];
    const { client, clock, server } = await setStage({ token: () => new Promise((resolve) => waiting.push(resolve)) });
    server.script = (_method, _params, link) => {
      link.close(3005, "connection expired");
      return "hang";
    };
    const opensMs: number[] = [];
    client.connect();
    for (const tookMs of [900, 50, 0]) {
      await Promise.resolve();
      clock.advance(tookMs);
      opensMs.push(clock.now());
      waiting.shift()?.("token");
      await reaches(client, "waiting");
      // Somebody who clicks as soon as it fails.
      client.retry();
      if (client.state.kind === "waiting") clock.advance(client.state.delayMs);
    }
    expect((opensMs[2] ?? 0) - (opensMs[0] ?? 0)).toBeGreaterThan(1_000);
    expect(server.upgrades).toBe(3);
  });

  test("a function that throws is one that fails", async () => {
    let count = 0;
    const { client, clock, errors } = await setStage({
      token: () => {
        if (++count < 3) throw new Error("mine");
        return Promise.resolve("token");
      },
    });
    client.connect();
    for (let failure = 1; failure < 3; failure++) {
      expect((await reaches(client, "waiting")).reason.code).toBe(5);
      clock.advance(clock.nextMs ?? 0);
    }
    await reaches(client, "connected");
    expect(errors).toEqual([]);
  });

  test("one that comes after close is not used", async () => {
    const waiting: ((token: string) => void)[] = [];
    const { client, server } = await setStage({ token: () => new Promise((resolve) => waiting.push(resolve)) });
    client.connect();
    client.close();
    waiting[0]?.("late");
    await Promise.resolve();
    expect(client.state.kind).toBe("closed");
    expect(server.upgrades).toBe(0);
  });

  test("one that expires is renewed on the open connection", async () => {
    let count = 0;
    const stage = await setStage({ token: () => Promise.resolve(`token-${++count}`) });
    const { client, clock, server } = stage;
    server.greeting = { expires: true, ttl: 60 };
    const answers = [{ error: { code: 100, message: "internal server error", temporary: true } }, undefined];
    server.script = (method) =>
      method === "refresh"
        ? (answers.shift() ?? { refresh: { client: "session-1", expires: true, ttl: 60 } })
        : undefined;
    await connected(stage);
    clock.advance(59_999);
    expect(count).toBe(1);
    clock.advance(1);
    expect(await server.hears("refresh")).toEqual({ token: "token-2" });
    await quiet(stage);
    clock.advance(7_500);
    expect(await server.hears("refresh", 2)).toEqual({ token: "token-3" });
    await quiet(stage);
    clock.advance(60_000);
    expect(await server.hears("refresh", 3)).toEqual({ token: "token-4" });
    expect(client.state.kind).toBe("connected");
  });

  test.each([
    { ttl: 0, isDueInMs: 1_000 },
    { ttl: 2_592_000, isDueInMs: 2_592_000_000 },
  ])("are not renewed without a pause, whatever the server says: %o", async ({ ttl, isDueInMs }) => {
    let count = 0;
    const stage = await setStage({ token: () => Promise.resolve(`token-${++count}`) });
    const { clock, server } = stage;
    server.greeting = { expires: true, ttl };
    await connected(stage);
    clock.advance(isDueInMs - 1);
    await quiet(stage);
    expect(count).toBe(1);
    clock.advance(1);
    await server.hears("refresh");
    expect(count).toBe(2);
  });

  test("a refusal of the new one is the end", async () => {
    const stage = await setStage({ token: () => Promise.resolve("token") });
    const { client, clock, server } = stage;
    server.greeting = { expires: true, ttl: 60 };
    server.script = (method) => (method === "refresh" ? { error: { code: 109, message: "token expired" } } : undefined);
    await connected(stage);
    clock.advance(60_000);
    expect((await reaches(client, "closed")).reason.code).toBe(109);
  });
});

describe("tokens of a channel", () => {
  const expiring = { recoverable: true, epoch: "e1", offset: 0, expires: true, ttl: 60 };

  test("are fetched when there is a connection to show them on, and not before", async () => {
    let count = 0;
    const stage = await setStage();
    const { client, clock, server } = stage;
    const channel = client.channel("news");
    channel.open({ token: () => Promise.resolve(`token-${++count}`) });
    await Promise.resolve();
    expect(channel.status.kind).toBe("waiting");
    expect(count).toBe(0);
    expect(clock.size).toBe(0);
    await connected(stage);
    expect(await server.hears("subscribe")).toMatchObject({ channel: "news", token: "token-1" });
    expect(count).toBe(1);
  });

  test("travel in the frame of connect where they are fixed", async () => {
    const stage = await setStage();
    const { client, server } = stage;
    client.channel("news").open({ token: "mine" });
    await connected(stage);
    expect(await server.hears("subscribe")).toMatchObject({ token: "mine" });
    expect(server.link.frames[0]).toContain('"subscribe"');
  });

  test("are renewed on the subscription, after a pause where that fails for now", async () => {
    let count = 0;
    const stage = await setStage();
    const { client, clock, server } = stage;
    const answers = [{ error: { code: 100, message: "internal", temporary: true } }];
    server.greeting = {};
    server.script = (method) => {
      if (method === "subscribe") return { subscribe: expiring };
      return method === "sub_refresh" ? (answers.shift() ?? { sub_refresh: expiring }) : undefined;
    };
    const channel = client.channel("news");
    channel.open({ token: () => Promise.resolve(`token-${++count}`) });
    await connected(stage);
    await is(channel, "live");
    clock.advance(60_000);
    expect(await server.hears("sub_refresh")).toEqual({ channel: "news", token: "token-2" });
    await quiet(stage);
    clock.advance(7_500);
    expect(await server.hears("sub_refresh", 2)).toEqual({ channel: "news", token: "token-3" });
    await quiet(stage);
    clock.advance(60_000);
    expect(await server.hears("sub_refresh", 3)).toEqual({ channel: "news", token: "token-4" });
    expect(server.all("subscribe")).toHaveLength(1);
    expect(channel.status.kind).toBe("live");
  });

  test("that are refused for good end the subscription, and the server is told", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    server.greeting = {};
    server.script = (method) => {
      if (method === "subscribe") return { subscribe: expiring };
      return method === "sub_refresh" ? { error: { code: 103, message: "denied" } } : undefined;
    };
    const channel = client.channel("news");
    channel.open({ token: () => Promise.resolve("token") });
    await connected(stage);
    await is(channel, "live");
    clock.advance(60_000);
    expect(await is(channel, "refused")).toMatchObject({ error: { code: 103 } });
    await server.hears("unsubscribe");
    expect(client.state.kind).toBe("connected");
  });

  test("count for who had the channel open without one, also while that is being refused", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    server.script = (method, { token }) =>
      method === "subscribe" && token !== "mine" ? { error: { code: 103, message: "denied" } } : undefined;
    await connected(stage);
    const channel = client.channel("$news");
    channel.open();
    channel.open({ token: () => Promise.resolve("mine") });
    await server.hears("subscribe");
    await is(channel, "waiting");
    clock.advance(750);
    await is(channel, "live");
    expect(server.all("subscribe").map(({ token }) => token)).toEqual([undefined, "mine"]);
  });

  test("an ended subscription leaves no timer behind when it is left", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    server.script = (method) => (method === "subscribe" ? { error: { code: 103, message: "denied" } } : undefined);
    await connected(stage);
    const channel = client.channel("news");
    const leave = channel.open({ token: "forged" });
    await is(channel, "refused");
    leave();
    channel.open({ token: "forged" })();
    await quiet(stage);
    expect(channel.status.kind).toBe("closed");
    client.close();
    expect(clock.size).toBe(0);
  });

  test("that never come are asked for again, and 2501 wants another", async () => {
    const tokens = [new Promise<string>(() => undefined), Promise.resolve("second"), Promise.resolve("third")];
    const stage = await setStage();
    const { client, clock, server } = stage;
    const channel = client.channel("news");
    channel.open({ token: () => tokens.shift() ?? Promise.resolve("more") });
    await connected(stage);
    clock.advance(10_000);
    clock.advance(750);
    expect(await server.hears("subscribe")).toMatchObject({ token: "second" });
    await is(channel, "live");
    server.link.push("news", { unsubscribe: { code: 2501, reason: "subscription expired" } });
    await is(channel, "waiting");
    clock.advance(1_250);
    expect(await server.hears("subscribe", 2)).toMatchObject({ token: "third", recover: true });
  });
});

describe("a refused connect", () => {
  test("ends the client when it is for good", async () => {
    const { client, clock, server } = await setStage();
    server.script = () => ({ error: { code: 101, message: "unauthorized" } });
    client.connect();
    expect((await reaches(client, "closed")).reason).toEqual({ code: 101, reason: "unauthorized" });
    expect(clock.size).toBe(0);
  });

  test.each([{ code: 100, temporary: true }, { code: 7 }])("is tried again when it is temporary: %o", async (error) => {
    const { client, server } = await setStage();
    server.script = () => ({ error: { message: "later", ...error } });
    client.connect();
    expect((await reaches(client, "waiting")).reason).toEqual({ code: error.code, reason: "later" });
  });
});

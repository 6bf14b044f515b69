// The connection against a server on a real port: connecting, staying, and coming back after every kind of end.
import { describe, expect, test } from "vitest";
import type { ServerLink } from "../test/scripted-server.ts";
import { connected, quiet, reaches, setStage } from "../test/stage.ts";
import type { ConnectionState } from "./index.ts";

test("connects with one frame, says who it is, and shows its session", async () => {
  const stage = await setStage({ name: "tests", data: { room: 1 }, token: "secret" });
  const { client, server } = stage;
  server.greeting = { ping: 25, pong: true, data: { hello: "there" } };
  const kinds: string[] = [];
  client.onState(({ kind }) => kinds.push(kind));
  expect(client.state).toEqual({ kind: "idle" });
  client.connect();
  client.connect();
  const state = await reaches(client, "connected");
  client.connect();
  expect(state).toMatchObject({ session: "session-1", data: { hello: "there" } });
  expect(client.getSnapshot()).toBe(state);
  expect(kinds).toEqual(["connecting", "connected"]);
  expect(server.all("connect")).toEqual([
    { name: "tests", data: { room: 1 }, token: "secret", tide: { window: 4_194_304 } },
  ]);
  await quiet(stage);
  expect(server.upgrades).toBe(1);
});

describe("after a close by the server", () => {
  // 3502: the server heard nothing in time; a page that was frozen meanwhile is not to blame.
  const comesBack = [1000, 1001, 1011, 3000, 3001, 3008, 3012, 3499, 3502, 4000, 4499];
  const staysAway = [1009, 3500, 3501, 3503, 3999, 4500, 4999];

  test.each(comesBack)("with %i it comes back", async (code) => {
    const { client, clock, server } = await connected(await setStage());
    server.link.close(code, "because");
    const state = await reaches(client, "waiting");
    expect(state).toMatchObject({ attempt: 2, delayMs: 750, reason: { code, reason: "because" } });
    expect(state.retryAtMs).toBe(clock.wall() + 750);
    clock.advance(749);
    expect(server.upgrades).toBe(1);
    clock.advance(1);
    await reaches(client, "connected");
    expect(server.upgrades).toBe(2);
  });

  test("that says when somebody will be there again it comes back then, and the next time as ever (PROTOCOL 1.23)", async () => {
    const { client, clock, server } = await connected(await setStage());
    server.link.send({ push: { return: { after: 12_000 } } });
    server.link.close(3001, "shutdown");
    expect(await reaches(client, "waiting")).toMatchObject({ delayMs: 12_000, reason: { code: 3001 } });
    clock.advance(12_000);
    await reaches(client, "connected");
    server.link.close(3001, "shutdown");
    expect((await reaches(client, "waiting")).delayMs).toBeLessThan(2_000);
  });

  test("that says so is believed whoever looks at the page, but for whoever says now, and until the next connection", async () => {
    const stage = await connected(await setStage());
    const { client, clock, server } = stage;
    server.link.send({ push: { return: { after: 12_000 } } });
    server.link.close(3001, "shutdown");
    await reaches(client, "waiting");
    stage.page.become("visible");
    expect(client.state).toMatchObject({ kind: "waiting", delayMs: 12_000 });
    client.retry();
    await reaches(client, "connected");
    server.link.send({ push: { return: { after: 12_000 } } });
    await quiet(stage);
    client.close();
    client.connect();
    clock.advance(1_001);
    await reaches(client, "connected");
    server.link.cut();
    expect((await reaches(client, "waiting")).delayMs).toBeLessThan(2_000);
  });

  test("that promises itself for a day, it does not believe", async () => {
    const { client, server } = await connected(await setStage());
    server.link.send({ push: { return: { after: 86_400_000 } } });
    server.link.close(3001, "shutdown");
    expect(await reaches(client, "waiting")).toMatchObject({ delayMs: 60_000 });
  });

  test.each(staysAway)("with %i it stays away until connect is called", async (code) => {
    const { client, clock, server } = await connected(await setStage());
    server.link.close(code, "for good");
    expect(await reaches(client, "closed")).toEqual({ kind: "closed", reason: { code, reason: "for good" } });
    expect(clock.size).toBe(0);
    client.connect();
    await reaches(client, "connected");
    expect(server.upgrades).toBe(2);
  });

  test("a broken socket is 1006, and a disconnect push counts like a close", async () => {
    const { client, clock, server } = await connected(await setStage());
    server.link.cut();
    expect((await reaches(client, "waiting")).reason).toEqual({ code: 1006, reason: "disconnected" });
    clock.advance(750);
    await reaches(client, "connected");
    server.link.send({ push: { disconnect: { code: 3503, reason: "force disconnect" } } });
    expect((await reaches(client, "closed")).reason).toEqual({ code: 3503, reason: "force disconnect" });
  });
});

describe("attempts", () => {
  test("grow further apart while nobody answers, up to twenty seconds", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    await server.stop();
    client.connect();
    const delays: number[] = [];
    for (let count = 0; count < 9; count++) {
      const state = await reaches(client, "waiting");
      expect(state.attempt).toBe(count + 2);
      delays.push(state.delayMs);
      clock.advance(state.delayMs);
    }
    expect(delays).toEqual([750, 1_250, 2_250, 4_250, 8_250, 10_250, 10_250, 10_250, 10_250]);
  });

  test("start over once a connection has held for ten seconds", async () => {
    const { client, clock, server } = await connected(await setStage());
    for (const [heldMs, delayMs] of [
      [9_999, 750],
      [9_999, 1_250],
      [10_000, 750],
    ] as const) {
      clock.advance(heldMs);
      server.link.cut();
      const state = await reaches(client, "waiting");
      expect(state.delayMs).toBe(delayMs);
      clock.advance(delayMs);
      await reaches(client, "connected");
    }
  });

  test("are never three within a second, however often the application asks", async () => {
    const { client, clock, server } = await setStage();
    const startsMs: number[] = [];
    client.onState(({ kind }) => {
      if (kind === "connecting") startsMs.push(clock.now());
    });
    for (let count = 0; count < 300; count++) {
      client.connect();
      client.retry();
      clock.advance(10);
      client.close();
      clock.advance(3);
    }
    expect(startsMs.length).toBeGreaterThan(6);
    for (const [index, startMs] of startsMs.entries()) {
      const third = startsMs[index + 2];
      if (third !== undefined) expect(third - startMs).toBeGreaterThan(1_000);
    }
    expect(server.upgrades).toBeLessThanOrEqual(startsMs.length);
  });

  test("end after ten seconds without a reply to connect", async () => {
    const { client, clock, server } = await setStage();
    server.script = (method) => (method === "connect" ? "hang" : undefined);
    client.connect();
    await server.hears("connect");
    clock.advance(9_999);
    expect(client.state.kind).toBe("connecting");
    clock.advance(1);
    expect(client.state).toMatchObject({ kind: "waiting", reason: { code: 3 } });
  });

  test("go at once when the application says so", async () => {
    const { client, clock, server } = await connected(await setStage());
    clock.advance(60_000 - 25_000);
    server.link.cut();
    await reaches(client, "waiting");
    client.retry();
    expect(client.state.kind).toBe("connecting");
    await reaches(client, "connected");
    client.retry();
    expect(client.state.kind).toBe("connected");
  });

  test("report what is wrong with an address, and do not go on", async () => {
    const { client, clock, errors } = await setStage({ url: "no address" });
    client.connect();
    const { reason } = await reaches(client, "closed");
    expect(reason).toEqual({ code: 1, reason: String(errors[0]) });
    expect(reason.reason).toContain("Invalid URL");
    expect(clock.size).toBe(0);
  });

  test("that were called off in the same turn open no socket", async () => {
    const stage = await setStage();
    const { client, server } = stage;
    // What React's StrictMode does where a component closes the client that it made.
    client.connect();
    client.close();
    await connected(stage);
    await quiet(stage);
    expect(server.upgrades).toBe(1);
  });
});

describe("pings", () => {
  test("are answered one by one, where the server wants answers", async () => {
    const stage = await connected(await setStage());
    stage.server.link.raw("{}");
    await stage.server.hears("pong");
    stage.server.link.raw('{}\n{}\n{"future":true}\n');
    await stage.server.hears("pong", 3);
    await quiet(stage);
    expect(stage.server.all("pong")).toHaveLength(3);
  });

  test("are not answered where it does not", async () => {
    const stage = await setStage();
    stage.server.greeting = { ping: 25 };
    await connected(stage);
    stage.server.link.raw("{}");
    await quiet(stage);
    expect(stage.server.all("pong")).toHaveLength(0);
  });

  test("that stay away for ten seconds end the connection, and any frame counts as one", async () => {
    const stage = await connected(await setStage());
    const { client, clock } = stage;
    clock.advance(34_999);
    await quiet(stage);
    clock.advance(34_999);
    expect(client.state.kind).toBe("connected");
    clock.advance(1);
    expect(client.state).toMatchObject({ kind: "waiting", reason: { code: 2, reason: "no ping" } });
  });

  test("are not missed where the server announced none", async () => {
    const stage = await setStage();
    stage.server.greeting = {};
    const { client, clock } = await connected(stage);
    clock.advance(3_600_000);
    expect(client.state.kind).toBe("connected");
  });
});

describe("close", () => {
  test("tells the server, leaves no timer, and can be undone", async () => {
    const stage = await connected(await setStage());
    const { client, clock, page, server } = stage;
    client.close();
    client.close();
    expect(client.state).toEqual({ kind: "closed", reason: { code: 0, reason: "closed" } });
    expect(clock.size).toBe(0);
    expect(page.watchers).toBe(0);
    client.connect();
    await reaches(client, "connected");
    expect(server.upgrades).toBe(2);
  });

  test.each(["idle", "connecting", "waiting", "offline"] as const)("works while %s", async (kind) => {
    const stage = await setStage();
    const { client, clock, page, server } = stage;
    if (kind === "connecting") {
      client.connect();
    } else if (kind !== "idle") {
      await connected(stage);
      page.online = kind === "waiting";
      server.link.cut();
      await reaches(client, kind);
    }
    expect(client.state.kind).toBe(kind);
    client.close();
    expect(client.state.kind).toBe("closed");
    expect(clock.size).toBe(0);
    clock.advance(60_000);
    expect(client.state.kind).toBe("closed");
  });

  test("from a listener ends everything at once", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    const later: ConnectionState[] = [];
    client.onState(({ kind }) => {
      if (kind === "waiting") client.close();
    });
    client.onState((state) => void later.push(state));
    await connected(stage);
    server.link.cut();
    await reaches(client, "closed");
    expect(clock.size).toBe(0);
    expect(later.map(({ kind }) => kind)).toEqual(["connecting", "connected", "waiting", "closed"]);
  });
});

test("a listener that throws is reported, and the connection goes on", async () => {
  const stage = await setStage();
  stage.client.onState(() => {
    throw new Error("mine");
  });
  await connected(stage);
  expect(stage.errors).toEqual([new Error("mine"), new Error("mine")]);
  await quiet(stage);
});

test("a server that hangs up during the handshake is one more failure", async () => {
  const { client, server } = await setStage();
  server.script = (method: string, _params: unknown, link: ServerLink) => {
    if (method === "connect") link.cut();
    return "hang";
  };
  client.connect();
  expect((await reaches(client, "waiting")).reason.code).toBe(1006);
});

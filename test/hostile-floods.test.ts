// Those who do not read, do not answer, or are too many: each is bounded, and the others' delivery goes on.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import type WebSocket from "ws";
import { listening, connected } from "./centrifuge-client.ts";
import { lobby, open, serve, type Served } from "./serving.ts";
import { bareSocket, talk, Talk, upgradeStatus } from "./talk.ts";
import { closeCode, frame, openWire, readUntil } from "./wire.ts";

const long = defineChannel("long:{name}", { history: { size: 20_000, ttlMs: 60_000 } });
const connectCommand = '{"id":1,"connect":{}}';

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function heldBytes(): number {
  collect();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}

/** One turn of the event loop, in which the server writes. */
async function turn(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** A connected client that reads no more. */
async function deaf({ socketUrl }: Served, channel: string): Promise<{ reader: Talk; socket: WebSocket }> {
  const socket = bareSocket(`${socketUrl}/connection/websocket`);
  const reader = new Talk(socket);
  await reader.opened;
  reader.send(`${connectCommand}\n{"id":2,"subscribe":{"channel":"${channel}"}}`);
  await reader.take(2);
  socket.pause();
  return { reader, socket };
}

describe("those who do not read", () => {
  test("cost a bounded amount of memory, disturb nobody, and are given everything when they read on", async () => {
    const served = await serve({ channels: [lobby, long] });
    const witness = await listening(await connected(served.socketUrl), "long:a");
    const silent = await Promise.all(Array.from({ length: 5 }, () => deaf(served, "long:a")));
    const channel = served.tide.channel(long, { name: "a" });
    const text = "x".repeat(4_096);
    // The log itself is held once, whoever reads.
    for (let n = 0; n < 10_000; n += 1) {
      await channel.publish({ n, text: n < 5_000 ? "" : text });
      if (n % 10 === 9) await turn();
    }
    await witness.until(({ publications }) => publications.length === 10_000);
    expect(witness.offsets).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
    for (const { reader, socket } of silent) {
      socket.resume();
      const pushes = await reader.take(10_000);
      expect(pushes.map((push) => (JSON.parse(String(push)) as Push).push.pub.data.n)).toEqual(
        Array.from({ length: 10_000 }, (_, index) => index),
      );
    }
    expect(served.log.troubles).toEqual([]);
  }, 30_000);

  test("memory: 98 MB for each of 20 of them, of which next to nothing is held", async () => {
    const served = await serve({ limits: { closeTimeoutMs: 100 } });
    await Promise.all(Array.from({ length: 20 }, () => deaf(served, "lobby")));
    const channel = served.tide.channel(lobby);
    const text = "x".repeat(16_384);
    await channel.publish(text);
    const before = heldBytes();
    for (let n = 0; n < 6_000; n += 1) {
      await channel.publish(text);
      // Less than a page a turn: who writes without looking would write it all.
      if (n % 3 === 2) await turn();
    }
    // One megabyte of tail, and for each a watermark and a page, in blocks; the rest is the kernel's or was skipped.
    // What was collected is given back by another thread, a moment later.
    await expect.poll(() => heldBytes() - before).toBeLessThan(10_000_000);
    expect(served.tide.stats().sessions).toBe(20);
  }, 30_000);

  test("are closed when they take no byte for too long", async () => {
    const served = await serve({ limits: { stalledMs: 100, closeTimeoutMs: 100 } });
    await deaf(served, "lobby");
    const channel = served.tide.channel(lobby);
    const text = "x".repeat(60_000);
    const closed = (): number => served.tide.stats().counters["closed_slow"] ?? 0;
    // The kernel takes some megabytes first.
    while (closed() === 0) {
      await channel.publish(text);
      await turn();
    }
    await expect.poll(() => served.tide.stats()).toMatchObject({ connections: 0, sessions: 0, subscriptions: 0 });
  });

  test("and whose commands are many are not read either", async () => {
    const served = await serve();
    const socket = await openWire(served.port, "/connection/websocket");
    socket.pause();
    socket.write(frame("text", connectCommand));
    const history = frame("text", Array(100).fill('{"id":2,"history":{"channel":"public:a","limit":100}}').join("\n"));
    await served.tide.channel(open, { name: "a" }).publish("x".repeat(10_000));
    const held = (): number => served.tide.stats().counters["reading_held"] ?? 0;
    while (held() === 0) {
      socket.write(history);
      await turn();
    }
    expect(held()).toBe(1);
    socket.destroy();
    await expect.poll(() => served.tide.stats().connections).toBe(0);
  });
});

interface Push {
  readonly push: { readonly pub: { readonly data: { readonly n: number } } };
}

describe("those who do not answer", () => {
  const limits = { pingIntervalMs: 40, pongTimeoutMs: 40, firstCommandMs: 40, closeTimeoutMs: 40 };

  test("half-open connections are found by ping and pong, and their sockets are freed", async () => {
    const { tide, port } = await serve({ limits });
    const sockets = [await openWire(port, "/connection/websocket"), await openWire(port, "/raw/lobby")];
    sockets[0]?.write(frame("text", `${connectCommand}\n{"id":2,"subscribe":{"channel":"lobby"}}`));
    await expect.poll(() => tide.stats().subscriptions).toBe(2);
    // Neither answers, not even to the close frame.
    await expect.poll(() => tide.stats()).toMatchObject({ connections: 0, sessions: 0, subscriptions: 0 });
    expect(tide.stats().counters["closed_no_pong"]).toBe(2);
    for (const socket of sockets) socket.destroy();
  });

  test("those who answer stay", async () => {
    const { socketUrl, tide } = await serve({ limits: { pingIntervalMs: 40 } });
    const [speaker, bare] = [await talk(`${socketUrl}/connection/websocket`), bareSocket(`${socketUrl}/raw/lobby`)];
    const pinged = new Promise<void>((resolve) => {
      let pings = 0;
      bare.on("ping", () => (pings += 1) === 5 && resolve());
    });
    speaker.send(connectCommand);
    await speaker.next();
    for (let round = 0; round < 5; round += 1) {
      expect(await speaker.next()).toBe("{}");
      speaker.send("{}");
    }
    await pinged;
    expect(tide.stats()).toMatchObject({ connections: 2, sessions: 2 });
    bare.close();
    await speaker.close();
  });

  test("whoever says nothing after the upgrade is stale: 3502", async () => {
    const { port } = await serve({ limits });
    const socket = await openWire(port, "/connection/websocket");
    expect(closeCode(await readUntil(socket, (text) => closeCode(text) !== null))).toBe(3502);
    socket.destroy();
  });

  test("a connect rule that takes too long is stale too, and what it says then is ignored", async () => {
    const asked = Promise.withResolvers<{ user: string }>();
    const { socketUrl, tide } = await serve({ limits, access: { connect: () => asked.promise } });
    const speaker = await talk(`${socketUrl}/connection/websocket`);
    speaker.send(connectCommand);
    expect((await speaker.closed).code).toBe(3502);
    asked.resolve({ user: "late" });
    await asked.promise;
    expect(tide.stats().sessions).toBe(0);
  });
});

describe("those who are too many", () => {
  test("connections of the node: 503", async () => {
    const { socketUrl, tide } = await serve({ limits: { connections: 3 } });
    const first = await Promise.all(Array.from({ length: 3 }, () => talk(`${socketUrl}/echo`)));
    expect(await upgradeStatus(`${socketUrl}/echo`)).toBe(503);
    expect(tide.stats()).toMatchObject({ connections: 3, counters: { connections_refused: 1 } });
    await first[0]?.close();
    await expect.poll(() => tide.stats().connections).toBe(2);
    expect(await upgradeStatus(`${socketUrl}/echo`)).toBe(101);
  });

  test("connections of one public address behind a trusted balancer: 503, others come in", async () => {
    const { socketUrl } = await serve({ trustProxy: ["127.0.0.1"], limits: { connectionsPerAddress: 2 } });
    const from = (address: string): Promise<number> =>
      upgradeStatus(`${socketUrl}/echo`, { "X-Forwarded-For": address });
    const headers = { "X-Forwarded-For": "203.0.113.7" };
    await Promise.all([talk(`${socketUrl}/echo`, { headers }), talk(`${socketUrl}/echo`, { headers })]);
    expect(await from("203.0.113.7")).toBe(503);
    expect(await from("198.51.100.1, 203.0.113.7")).toBe(503);
    expect(await from("203.0.113.8")).toBe(101);
  });

  test("connections of one user: the eleventh is closed with 3504; another user comes in", async () => {
    const { socketUrl } = await serve({ access: { connect: ({ token }) => ({ user: token }) } });
    const connect = async (user: string): Promise<Talk> => {
      const speaker = await talk(`${socketUrl}/connection/websocket`);
      speaker.send(`{"id":1,"connect":{"token":"${user}"}}`);
      return speaker;
    };
    const ten = await Promise.all(Array.from({ length: 10 }, () => connect("ann")));
    await Promise.all(ten.map((speaker) => speaker.next()));
    expect(await (await connect("ann")).closed).toMatchObject({ code: 3504 });
    await (await connect("bob")).next();
    await ten[0]?.close();
    await (await connect("ann")).next();
  });

  test("subscriptions of one connection: the 129th is answered with 106", async () => {
    const speaker = await talk(`${(await serve()).socketUrl}/connection/websocket`);
    speaker.send([connectCommand, ...subscribes(1, 90)].join("\n"));
    speaker.send(subscribes(91, 128).join("\n"));
    await speaker.take(129);
    speaker.send(subscribes(129, 130).join("\n"));
    const replies = (await speaker.take(2)).map((text) => JSON.parse(String(text)) as Reply);
    expect(replies).toMatchObject([{ error: { code: 106 } }, { error: { code: 106 } }]);
  });

  test("subscriptions of one connection, all asked for at once", async () => {
    const { socketUrl, tide } = await serve();
    const speaker = await talk(`${socketUrl}/connection/websocket`);
    speaker.send([connectCommand, ...subscribes(1, 90)].join("\n"));
    speaker.send(subscribes(91, 130).join("\n"));
    const replies = (await speaker.take(131)).map((text) => JSON.parse(String(text)) as Reply);
    expect(replies.filter(({ error }) => error?.code === 106)).toHaveLength(2);
    expect(tide.stats().subscriptions).toBe(128);
  });

  test("publishes a second, in production: 111, and after ten in a row 3013", async () => {
    const { socketUrl } = await serve({
      mode: "production",
      access: { connect: () => ({ user: "" }) },
      limits: { publishesPerSecond: 1, publishBurst: 5 },
    });
    const speaker = await talk(`${socketUrl}/connection/websocket`);
    const publish = (n: number): string => `{"id":${n},"publish":{"channel":"lobby","data":1}}`;
    speaker.send([connectCommand, ...Array.from({ length: 5 }, (_, n) => publish(n + 2))].join("\n"));
    const taken = (await speaker.take(6)).map((text) => JSON.parse(String(text)) as Reply);
    expect(taken.slice(1)).toEqual(Array.from({ length: 5 }, (_, n) => ({ id: n + 2, publish: {} })));
    speaker.send(Array.from({ length: 40 }, (_, n) => publish(n + 7)).join("\n"));
    expect((await speaker.closed).code).toBe(3013);
    const refused = speaker.heard.slice(6).map((text) => JSON.parse(String(text)) as Reply);
    expect(new Set(refused.map(({ error }) => error?.code))).toEqual(new Set([111]));
  });

  test("in development no rate holds for this machine", async () => {
    const { socketUrl } = await serve({ limits: { publishesPerSecond: 1, publishBurst: 1 } });
    const bare = await talk(`${socketUrl}/raw/lobby`);
    for (let n = 0; n < 50; n += 1) bare.send(String(n));
    expect(await bare.take(50)).toHaveLength(50);
  });
});

function subscribes(from: number, to: number): string[] {
  return Array.from(
    { length: to - from + 1 },
    (_, n) => `{"id":${from + n + 1},"subscribe":{"channel":"public:${n + from}"}}`,
  );
}

interface Reply {
  readonly id: number;
  readonly error?: { readonly code: number };
  readonly publish?: object;
}

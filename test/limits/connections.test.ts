// Limits of connections: how many, how fast, and what becomes of those above; each is counted once.
import type { Limits } from "@tidewire/server";
import { describe, expect, test } from "vitest";
import { HeldClock } from "../held-clock.ts";
import { ask } from "../requesting.ts";
import { lobby, serve, type Served, type ServerOptions } from "../serving.ts";
import { bareSocket, talk, type Talk, upgradeStatus } from "../talk.ts";
import { dial, openWire, readUntil } from "../wire.ts";
import { hits, type LimitName, StillClock } from "./hits.ts";
import { forms, voice } from "./voice.ts";

const begin = (limits: Partial<Limits>, options: Partial<ServerOptions> = {}): Promise<Served> =>
  serve({ limits, trustProxy: ["127.0.0.1"], ...options });

const from = (address: string): Record<string, string> => ({ "X-Forwarded-For": address });

/** Connections that stay open. */
function open({ socketUrl }: Served, count: number, headers = {}): Promise<Talk[]> {
  return Promise.all(Array.from({ length: count }, () => talk(`${socketUrl}/echo`, { headers })));
}

describe("connections", () => {
  test("of the node, by WebSocket", async () => {
    const served = await begin({ connections: 3 });
    await open(served, 3);
    expect(hits(served, "connections")).toBe(0);
    expect(await upgradeStatus(`${served.socketUrl}/echo`)).toBe(503);
    expect(hits(served, "connections")).toBe(1);
  });

  test("of the node, by request", async () => {
    const served = await begin({ connections: 3 });
    await open(served, 2);
    expect((await ask(`${served.httpUrl}/raw/lobby/presence`)).status).toBe(200);
    const stream = await dial(served.port);
    stream.write("GET /raw/lobby HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n");
    // The connection of the first request is still there, so this is the fourth.
    expect(await readUntil(stream, (text) => text.includes("\r\n\r\n"))).toMatch(/^HTTP\/1.1 503 /);
    expect(hits(served, "connections")).toBe(1);
    stream.destroy();
  });

  test("of one address", async () => {
    const served = await begin({ connectionsPerAddress: 3 });
    await open(served, 3, from("203.0.113.7"));
    expect(hits(served, "connectionsPerAddress")).toBe(0);
    expect(await upgradeStatus(`${served.socketUrl}/echo`, from("203.0.113.7"))).toBe(503);
    expect(await upgradeStatus(`${served.socketUrl}/echo`, from("203.0.113.8"))).toBe(101);
    expect(hits(served, "connectionsPerAddress")).toBe(1);
  });

  test("of one address, new in a second", async () => {
    const clock = new StillClock();
    const served = await begin({ newPerAddressPerSecond: 3 }, { clock });
    const come = (): Promise<number> => upgradeStatus(`${served.socketUrl}/echo`, from("203.0.113.7"));
    expect([await come(), await come(), await come()]).toEqual([101, 101, 101]);
    expect(hits(served, "newPerAddressPerSecond")).toBe(0);
    expect(await come()).toBe(503);
    expect(hits(served, "newPerAddressPerSecond")).toBe(1);
    clock.ms = 1_000;
    expect(await come()).toBe(101);
  });

  test.each(forms)("of one user, in %s: 3504", async (form) => {
    const served = await begin({ connectionsPerUser: 2 }, { access: { connect: () => ({ user: "ann" }) } });
    await voice(served, form);
    await voice(served, form);
    expect(hits(served, "connectionsPerUser")).toBe(0);
    await expect(voice(served, form)).rejects.toThrow("closed with 3504");
    expect(hits(served, "connectionsPerUser")).toBe(1);
  });
});

describe("above the node's rate", () => {
  const counts = (served: Served, ...limits: readonly LimitName[]): number[] =>
    limits.map((limit) => hits(served, limit));

  test("they queue; when the queue is full, they are refused", async () => {
    const clock = new StillClock();
    const served = await begin({ newPerSecond: 2, admissionQueue: 1 }, { clock });
    await open(served, 2);
    expect(counts(served, "newPerSecond", "admissionQueue")).toEqual([0, 0]);
    const third = open(served, 1);
    await expect.poll(() => served.tide.stats().queued).toBe(1);
    expect(counts(served, "newPerSecond", "admissionQueue")).toEqual([1, 0]);
    expect(await upgradeStatus(`${served.socketUrl}/echo`)).toBe(503);
    expect(counts(served, "newPerSecond", "admissionQueue")).toEqual([1, 1]);
    clock.ms = 1_000;
    await third;
    expect(served.tide.stats().queued).toBe(0);
  });

  test.each([
    [10_000, 101],
    [10_001, 503],
  ])("after %i ms in the queue: %i", async (ms, status) => {
    const clock = new StillClock();
    const served = await begin({ newPerSecond: 1 }, { clock });
    await open(served, 1);
    const second = upgradeStatus(`${served.socketUrl}/echo`);
    await expect.poll(() => served.tide.stats().queued).toBe(1);
    clock.ms = ms;
    expect(await second).toBe(status);
    expect(hits(served, "admissionQueueMs")).toBe(status === 503 ? 1 : 0);
  });

  test("whose address has filled up meanwhile is refused", async () => {
    const clock = new StillClock();
    const served = await begin({ newPerSecond: 1, connectionsPerAddress: 1 }, { clock });
    await open(served, 1);
    const first = open(served, 1, from("203.0.113.7"));
    await expect.poll(() => served.tide.stats().queued).toBe(1);
    const second = upgradeStatus(`${served.socketUrl}/echo`, from("203.0.113.7"));
    await expect.poll(() => served.tide.stats().queued).toBe(2);
    clock.ms = 1_000;
    await first;
    expect(hits(served, "connectionsPerAddress")).toBe(0);
    clock.ms = 2_000;
    expect([await second, hits(served, "connectionsPerAddress")]).toEqual([503, 1]);
  });
});

describe("times", () => {
  test("closeTimeoutMs: who does not answer the close frame is cut", async () => {
    const served = await begin({ closeTimeoutMs: 50 });
    const gone = (): Promise<void> => expect.poll(() => served.tide.stats().connections).toBe(0);
    const session = async (): Promise<string> => {
      await expect.poll(() => served.tide.stats().subscriptions).toBe(1);
      return served.tide.channel(lobby).members()[0]?.session ?? "";
    };
    const polite = await talk(`${served.socketUrl}/raw/lobby`);
    served.tide.disconnect(await session(), true);
    expect((await polite.closed).code).toBe(1012);
    await gone();
    expect(hits(served, "closeTimeoutMs")).toBe(0);
    const leaving = await openWire(served.port, "/raw/lobby");
    leaving.once("data", () => leaving.destroy());
    served.tide.disconnect(await session(), true);
    await gone();
    expect(hits(served, "closeTimeoutMs")).toBe(0);
    const deaf = await openWire(served.port, "/raw/lobby");
    served.tide.disconnect(await session(), true);
    await gone();
    await expect.poll(() => hits(served, "closeTimeoutMs")).toBe(1);
    deaf.destroy();
  });

  test("firstCommandMs: a body that does not end: 408", async () => {
    const clock = new HeldClock();
    const served = await begin({}, { clock });
    const socket = await dial(served.port);
    socket.write("POST /raw/lobby HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nab");
    await expect.poll(() => clock.held).toContain(10_000);
    expect(hits(served, "firstCommandMs")).toBe(0);
    clock.pass(10_000);
    expect(await readUntil(socket, (text) => text.includes("\r\n\r\n"))).toMatch(/^HTTP\/1.1 408 /);
    expect(hits(served, "firstCommandMs")).toBe(1);
    socket.destroy();
  });
});

test("watermarkBytes: a socket that takes no more is not written to", async () => {
  const served = await begin({});
  const socket = bareSocket(`${served.socketUrl}/raw/lobby`);
  await new Promise<void>((resolve) => void socket.once("open", () => resolve()));
  await expect.poll(() => served.tide.stats().subscriptions).toBe(1);
  const channel = served.tide.channel(lobby);
  await channel.publish("x");
  expect(hits(served, "watermarkBytes")).toBe(0);
  socket.pause();
  // The kernel takes some megabytes first.
  while (hits(served, "watermarkBytes") === 0) {
    await channel.publish("x".repeat(60_000));
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  for (let n = 0; n < 10; n += 1) await channel.publish("x".repeat(60_000));
  expect(hits(served, "watermarkBytes")).toBe(1);
  socket.terminate();
});

describe("loopback in development", () => {
  const said = ({ log }: Served): string[] =>
    log.lines.filter(({ message }) => message.includes("rates and limits per address")).map(({ level }) => level);

  test("has no rates and no limits per address, and says so once", async () => {
    const limits = { newPerAddressPerSecond: 1, connectionsPerAddress: 1, subscribesPerSecond: 1, subscribeBurst: 1 };
    const served = await serve({ limits });
    await open(served, 5);
    const client = await voice(served, "JSON");
    const subscribes = ["a", "b", "c"].map((name) => ({ subscribe: { channel: `public:${name}` } }));
    expect(await client.codes(...subscribes)).toEqual([null, null, null]);
    expect(said(served)).toEqual(["info"]);
    served.tide.attach(served.server);
    expect(said(served)).toEqual(["info"]);
  });

  test("is not said in production, where they hold", async () => {
    const limits = { subscribesPerSecond: 1, subscribeBurst: 1 };
    const access = { connect: () => ({ user: "" }) };
    const served = await serve({ limits, mode: "production", clock: new StillClock(), access });
    const client = await voice(served, "JSON");
    const subscribes = ["a", "b"].map((name) => ({ subscribe: { channel: `public:${name}` } }));
    expect(await client.codes(...subscribes)).toEqual([null, 111]);
    expect(said(served)).toEqual([]);
  });
});

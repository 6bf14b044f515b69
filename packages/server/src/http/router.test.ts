// Health over real HTTP: live as long as the process answers, ready only while it would take somebody in.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { defineChannel } from "@tidewire/protocol";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import type { Engine, EngineSink } from "../engine/engine.ts";
import { memoryEngine } from "../engines/memory/memory-engine.ts";
import { type Clock, systemClock } from "../ports/clock.ts";
import { systemRandom } from "../ports/random.ts";
import { createTidewire } from "../server.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import type { Tidewire } from "../tidewire.ts";

/** The memory engine, started when the test says so, and as healthy as it says. */
function obedientEngine(): { engine: Engine; begin: () => void; sink: () => EngineSink | null } {
  const memory = memoryEngine();
  const beginning = Promise.withResolvers<void>();
  let sink: EngineSink | null = null;
  const engine: Engine = {
    traits: memory.traits,
    start: async (given) => {
      await beginning.promise;
      sink = given;
      await memory.start(given);
    },
    stop: () => memory.stop(),
    publish: (channel, draft) => memory.publish(channel, draft),
    read: (channel, start, limit) => memory.read(channel, start, limit),
    tops: (channels) => memory.tops(channels),
    follow: (channel) => memory.follow(channel),
    unfollow: (channel) => memory.unfollow(channel),
  };
  return { engine, begin: beginning.resolve, sink: () => sink };
}

async function serve(tide: Tidewire): Promise<number> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  tide.attach(server, { http: true });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function health(port: number): Promise<string> {
  const [live, ready] = await Promise.all(
    ["live", "ready"].map(async (path) => fetch(`http://127.0.0.1:${port}/health/${path}`)),
  );
  expect(await live?.json()).toEqual({ status: "live" });
  expect(await ready?.json()).toEqual({ status: ready?.status === 200 ? "ready" : "not ready" });
  return `${live?.status} ${ready?.status}`;
}

test("not ready before the engine has started, nor while it does not answer", async () => {
  const { engine, begin, sink } = obedientEngine();
  const tide = createTidewire({ channels: [defineChannel("lobby")], engine });
  const port = await serve(tide);
  expect(await health(port)).toBe("200 503");
  expect(tide.isReady()).toBe(false);
  begin();
  await tide.start();
  expect(await health(port)).toBe("200 200");
  sink()?.health("down");
  expect(await health(port)).toBe("200 503");
  sink()?.health("up");
  expect(await health(port)).toBe("200 200");
  await tide.stop({ drainMs: 1 });
  expect(await health(port)).toBe("200 503");
});

test("not ready when the engine cannot start; that is logged, and tried again until it can", async () => {
  const { engine, begin } = obedientEngine();
  const clock = new FakeClock();
  let failures = 3;
  const failing: Engine = {
    ...engine,
    start: (sink) => (failures-- > 0 ? Promise.reject(new Error("no such disk")) : engine.start(sink)),
  };
  const said: unknown[] = [];
  const ignore = (): void => undefined;
  const log = { debug: ignore, info: ignore, warn: ignore, error: (...line: unknown[]) => void said.push(line) };
  const random = { ...systemRandom, fraction: () => 1 };
  const tide = createTidewire({ channels: [defineChannel("lobby")], engine: failing, log, clock, random });
  const port = await serve(tide);
  const refusal = (retryMs: number) => ["the engine did not start", { reason: "no such disk", retryMs }];
  expect(said).toEqual([refusal(1_000)]);
  expect(await health(port)).toBe("200 503");
  // Who asks hears of an attempt of its own.
  await expect(tide.start()).rejects.toThrow("no such disk");
  clock.advance(1_000);
  await expect.poll(() => said).toEqual([refusal(1_000), refusal(2_000)]);
  begin();
  clock.advance(1_999);
  expect(tide.isReady()).toBe(false);
  clock.advance(1);
  await expect.poll(() => health(port)).toBe("200 200");
  await tide.stop({ drainMs: 1 });
});

test("a server that is stopped tries no more", async () => {
  const clock = new FakeClock();
  let attempts = 0;
  const { engine } = obedientEngine();
  const failing: Engine = { ...engine, start: () => Promise.reject(new Error(`attempt ${(attempts += 1)}`)) };
  const tide = createTidewire({ channels: [defineChannel("lobby")], engine: failing, clock });
  await serve(tide);
  await expect(tide.start()).rejects.toThrow("attempt 2");
  await tide.stop({ drainMs: 1 });
  clock.advance(60_000);
  await Promise.resolve();
  expect(attempts).toBe(2);
});

test("not ready while a drain sends everybody away", async () => {
  // The drain's own timers, of a tenth of a second for each connection, wait for the test.
  const drains: (() => void)[] = [];
  const after: Clock["after"] = (ms, act) => {
    if (ms <= 50 || ms > 101) return systemClock.after(ms, act);
    drains.push(act);
    return () => undefined;
  };
  let stopsAtMs: number | null = null;
  const now = (): number => stopsAtMs ?? systemClock.now();
  const tide = createTidewire({ channels: [defineChannel("lobby")], clock: { ...systemClock, after, now } });
  const port = await serve(tide);
  await tide.start();
  const sockets = Array.from({ length: 3 }, () => new WebSocket(`ws://127.0.0.1:${port}/raw/lobby`));
  const closed = sockets.map((socket) => new Promise((resolve) => void socket.once("close", resolve)));
  await expect.poll(() => tide.stats().sessions).toBe(3);
  stopsAtMs = systemClock.now();
  const stopping = tide.stop({ drainMs: 60_000 });
  for (const left of [2, 1]) {
    await expect.poll(() => drains.length).toBe(1);
    expect(tide.stats().sessions).toBe(left);
    expect(await health(port)).toBe("200 503");
    stopsAtMs += 100;
    drains.pop()?.();
  }
  await stopping;
  expect(await Promise.all(closed)).toEqual([1001, 1001, 1001]);
});

test("other paths are somebody else's", async () => {
  const tide = createTidewire({ channels: [defineChannel("lobby")] });
  const port = await serve(tide);
  for (const path of ["/", "/health", "/health/", "/health/dead", "/apis/publish", "/HEALTH/LIVE"]) {
    expect((await fetch(`http://127.0.0.1:${port}${path}`)).status, path).toBe(404);
  }
  await tide.stop({ drainMs: 1 });
});

// Upgrades made to be misunderstood: each is answered as it says, nothing of it is served twice, and none hangs.
import { once } from "node:events";
import { createServer } from "node:http";
import { createTidewire } from "@tidewire/server";
import { limitedServer } from "tidewire/host";
import { createServer as createVite } from "vite";
import { describe, expect, onTestFinished, test } from "vitest";
import { HeldClock } from "../held-clock.ts";
import { listen, lobby, open, RecordedLog } from "../serving.ts";
import { talk } from "../talk.ts";
import { dial, readUntil, upgradeRequest } from "../wire.ts";
import { type Handshake, handshakes } from "./handshakes.ts";

const waitMs = 10_000;

interface Attacked {
  readonly port: number;
  readonly clock: HeldClock;
  readonly log: RecordedLog;
}

/** A server as programs run one; `beside` puts more listeners on it. */
async function attacked(beside: (server: ReturnType<typeof createServer>) => unknown = () => null): Promise<Attacked> {
  const [clock, log] = [new HeldClock(), new RecordedLog()];
  const tide = createTidewire({ channels: [lobby, open], clock, log });
  const server = limitedServer();
  server.on("request", (_, response) => {
    if (!response.headersSent) response.writeHead(404).end();
  });
  await beside(server);
  tide.attach(server, { http: true });
  await tide.start();
  const port = await listen(server);
  onTestFinished(async () => {
    server.close();
    await tide.stop({ drainMs: 1 });
    server.closeAllConnections();
  });
  return { port, clock, log };
}

/** All that is answered until the server hangs up, or nothing more can come. */
async function statusesOf(port: number, { bytes, statuses }: Handshake): Promise<number[]> {
  const socket = await dial(port);
  const found = (text: string): number[] =>
    [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
  const reading = readUntil(socket, (text) => found(text).length > statuses.length);
  socket.write(Buffer.from(bytes, "latin1"));
  // What is answered and stays open has nothing more to say once this side has ended.
  socket.end();
  const text = await reading;
  socket.destroy();
  return found(text);
}

describe("each handshake has the answers that it says", () => {
  test.each(handshakes)("$name", async (handshake) => {
    const { port, log } = await attacked();
    expect(await statusesOf(port, handshake)).toEqual(handshake.statuses);
    expect(log.troubles).toEqual([]);
  });
});

/** Other listeners that pass over what is not theirs, and say nothing. */
const neighbours: Readonly<Record<string, (server: ReturnType<typeof createServer>) => unknown>> = {
  "a listener that takes nothing": (server) => server.on("upgrade", () => undefined),
  Vite: async (server) => {
    const vite = await createVite({
      configFile: false,
      logLevel: "silent",
      appType: "custom",
      server: { middlewareMode: true, hmr: { server, path: "/@hot" }, watch: null },
      optimizeDeps: { noDiscovery: true },
    });
    onTestFinished(() => vite.close());
  },
};

describe.each(Object.keys(neighbours))("beside %s", (name) => {
  test("an upgrade that nobody takes is refused when its time is over, and not before", async () => {
    const { port, clock } = await attacked(neighbours[name]);
    const socket = await dial(port);
    const answered = readUntil(socket, () => false);
    socket.write(upgradeRequest("/nowhere"));
    await expect.poll(() => clock.held).toContain(waitMs);
    expect(socket.bytesRead).toBe(0);
    clock.pass(waitMs);
    expect(await answered).toMatch(/^HTTP\/1\.1 404 /);
  });

  test("one that is reset meanwhile leaves nothing behind, and the server lives", async () => {
    const { port, clock } = await attacked(neighbours[name]);
    const socket = await dial(port);
    socket.write(upgradeRequest("/nowhere"));
    await expect.poll(() => clock.held).toContain(waitMs);
    socket.resetAndDestroy();
    // Nobody reads a socket that nobody took, so nobody hears of the reset before its time is over.
    clock.pass(waitMs);
    const echo = await talk(`ws://127.0.0.1:${port}/echo`);
    echo.send("hi");
    expect(await echo.next()).toBe("hi");
    await echo.close();
  });

  test("an offer of HTTP/2 is answered as it is", async () => {
    const { port } = await attacked(neighbours[name]);
    const offer = handshakes.find((each) => each.name === "an offer of HTTP/2");
    if (offer === undefined) throw new Error("expected it in the table");
    expect(await statusesOf(port, offer)).toEqual([200]);
  });
});

test("an upgrade that another listener took is left alone, however long it thinks", async () => {
  let decide = (): unknown => null;
  const { port, clock } = await attacked((server) =>
    server.on("upgrade", (_, socket) => {
      socket.on("data", () => undefined);
      decide = () => socket.end("HTTP/1.1 418 I'm a teapot\r\n\r\n");
    }),
  );
  const socket = await dial(port);
  const answered = readUntil(socket, () => false);
  socket.write(upgradeRequest("/slow"));
  await expect.poll(() => clock.held).toContain(waitMs);
  clock.pass(waitMs);
  decide();
  expect(await answered).toMatch(/^HTTP\/1\.1 418 /);
  if (!socket.destroyed) await once(socket, "close");
});

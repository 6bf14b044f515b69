// Sockets that die at any point of their life: the process goes on, and nothing of them stays.
import type { Socket } from "node:net";
import { queryObjects } from "node:v8";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createServer } from "node:http";
import { createTidewire, type Tidewire } from "@tidewire/server";
import { Session } from "../packages/server/src/session/session.ts";
import { listen, lobby, open } from "./serving.ts";
import { dial, frame, readUntil, upgradeRequest } from "./wire.ts";

const deaths = 10_000;
const atOnce = 200;

let tide: Tidewire;
let port: number;
const server = createServer();
const surprises: unknown[] = [];
const note = (surprise: unknown): void => void surprises.push(surprise);
/** What the next question about a channel does to the one that asked. */
const killers = new Map<string, () => void>();

beforeAll(async () => {
  process.on("uncaughtException", note);
  process.on("unhandledRejection", note);
  tide = createTidewire({
    channels: [lobby, open],
    limits: { newPerSecond: 1_000_000, lingerMs: 1 },
    access: {
      subscribe: ({ channel }) => {
        killers.get(channel)?.();
        const isLate = Number(channel.split(":")[1]) % 2 === 0;
        return isLate ? new Promise((resolve) => setImmediate(() => resolve(true))) : Promise.resolve(true);
      },
    },
  });
  tide.attach(server, { http: true });
  await tide.start();
  port = await listen(server);
});

afterAll(async () => {
  process.removeListener("uncaughtException", note);
  process.removeListener("unhandledRejection", note);
  server.close();
  await tide.stop({ drainMs: 1 });
  server.closeAllConnections();
});

/** Half of them are reset, half end in good order. */
function die(socket: Socket, n: number): void {
  if (n % 2 === 0) socket.resetAndDestroy();
  else socket.destroy();
}

async function answered(socket: Socket): Promise<void> {
  await readUntil(socket, (text) => text.includes("\r\n\r\n"));
}

const request = upgradeRequest("/connection/websocket");
const connect = frame("text", '{"id":1,"connect":{}}');
const subscribe = (channel: string): Buffer => frame("text", `{"id":2,"subscribe":{"channel":"${channel}"}}`);

const lives: Readonly<Record<string, (socket: Socket, n: number) => Promise<void> | void>> = {
  "before the request": () => undefined,
  "in the middle of the request": (socket) => void socket.write(request.slice(0, 60)),
  "right after the request": (socket) => void socket.write(request),
  "right after a request for an unknown path": (socket) => void socket.write(upgradeRequest("/nowhere")),
  "right after the upgrade": async (socket) => {
    socket.write(request);
    await answered(socket);
  },
  "between a subscribe and its reply": async (socket, n) => {
    const channel = `public:${n}`;
    const asked = new Promise<void>((resolve) => void killers.set(channel, resolve));
    socket.write(request);
    await answered(socket);
    socket.write(Buffer.concat([connect, subscribe(channel)]));
    await asked;
    killers.delete(channel);
  },
  "in the middle of a frame": async (socket) => {
    socket.write(request);
    await answered(socket);
    socket.write(connect.subarray(0, 9));
  },
  "in the middle of a frame, subscribed": async (socket, n) => {
    socket.write(request);
    await answered(socket);
    socket.write(Buffer.concat([connect, subscribe("lobby"), subscribe(`public:crowd${n % 10}`)]));
    await readUntil(socket, (text) => text.includes('"id":2'));
    socket.write(subscribe("public:x").subarray(0, 5));
  },
};

test.each(Object.keys(lives))(
  "10,000 sockets die %s",
  async (when) => {
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < deaths) {
        const n = next;
        next += 1;
        // Ports of one address would run out, as they rest for a minute after a close.
        const socket = await dial(port, { localAddress: `127.0.1.${1 + (n % 250)}` });
        await lives[when]?.(socket, n);
        die(socket, n);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, one));
    await expect
      .poll(() => tide.stats(), { timeout: 8_000 })
      .toMatchObject({ connections: 0, sessions: 0, subscriptions: 0 });
    // Nothing holds a session that is gone: no wheel, no timer, no channel.
    await expect.poll(() => queryObjects(Session, { format: "count" }), { timeout: 8_000 }).toBe(0);
    expect(surprises).toEqual([]);
  },
  90_000,
);

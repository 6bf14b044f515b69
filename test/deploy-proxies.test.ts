// The configurations of deploy/ in a real HAProxy, nginx and Caddy before three real nodes: upgrades, streams, silence, addresses, reloads.
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, onTestFinished, test, type TestContext, vi } from "vitest";
import WebSocket from "ws";
import { defaultLimits } from "../packages/server/src/options.ts";
import { blocksOf, textOf } from "./documents/blocks.ts";
import { beginStream, connectCommand, emulate } from "./emulated-client.ts";
import { openStream } from "./event-stream-client.ts";
import { freePort } from "./killable-node.ts";
import { ask, post } from "./requesting.ts";
import { caddy, haproxy, nginx, type Places, type Proxy, type RunningProxy, startProxy } from "./services/proxies.ts";
import { serve, type Served, type ServerOptions } from "./serving.ts";

interface Fleet {
  readonly nodes: readonly Served[];
  readonly running: RunningProxy;
  /** Where the proxy listens. */
  readonly port: number;
  /** Those that the nodes were told of who connects, in their order. */
  readonly addresses: string[];
}

interface Given {
  readonly places?: Places;
  readonly options?: Partial<ServerOptions>;
}

async function fleet(context: TestContext, proxy: Proxy, { places = {}, options = {} }: Given = {}): Promise<Fleet> {
  const addresses: string[] = [];
  const access = {
    connect: ({ address }: { address: string }) => {
      addresses.push(address);
      return { user: "ann" };
    },
  };
  const port = await freePort();
  const nodes = await Promise.all([1, 2, 3].map(() => serve({ ...options, access, trustProxy: ["127.0.0.1"] })));
  const names = ["one", "two", "three"];
  const running = await startProxy(context, proxy, {
    places: {
      ...proxy.listens(port),
      ...Object.fromEntries(names.map((name, index) => [`${name}:8080`, `127.0.0.1:${nodes[index]?.port}`])),
      ...places,
    },
  });
  return { nodes, running, port, addresses };
}

/** A WebSocket that is open. */
async function opened(port: number, path: string, options: WebSocket.ClientOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

async function echoes(socket: WebSocket, text: string): Promise<string> {
  socket.send(text);
  const [data] = (await once(socket, "message")) as [Buffer];
  return data.toString();
}

/** Six, so that each node would be asked. */
async function sixEchoes(port: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 6 }, () => opened(port, "/echo")));
  for (const [index, socket] of sockets.entries()) expect(await echoes(socket, `${index}`)).toBe(`${index}`);
}

const silentMs = 2_500;
const pingIntervalMs = 400;
const soon = { limits: { pingIntervalMs, pongTimeoutMs: 5_000 } };
const never = { limits: { pingIntervalMs: 600_000 } };
const patience = { timeout: 30_000, interval: 50 };

describe.each([haproxy, nginx, caddy])("$name", (proxy) => {
  test("a WebSocket is upgraded, and the node knows its address, whatever the client says of it", async (context) => {
    const { port, addresses } = await fleet(context, proxy);
    const socket = await opened(port, "/connection/websocket", {
      localAddress: "127.0.0.2",
      headers: { "X-Forwarded-For": "203.0.113.7" },
    });
    socket.send(connectCommand);
    await once(socket, "message");
    expect(addresses).toEqual(["127.0.0.2"]);
  });

  test("a page of the proxy's own origin is let in, and one of another is not", async (context) => {
    const { port } = await fleet(context, proxy, { options: { mode: "production" } });
    await opened(port, "/connection/websocket", { origin: `http://127.0.0.1:${port}` });
    const other = opened(port, "/connection/websocket", { origin: "http://evil.example" });
    await expect(other).rejects.toThrow("403");
  });

  test("what a stream is given comes at once, and one that its reader leaves is left by the node", async (context) => {
    const { nodes, port } = await fleet(context, proxy, { options: never });
    const stream = await openStream(port, "/raw/lobby");
    for (const { httpUrl } of nodes) expect((await post(`${httpUrl}/raw/lobby`, "now")).status).toBe(200);
    // Of the nodes, which share nothing here, one has the stream.
    await stream.until(({ events }) => events.some(({ data }) => data === "now"));
    const present = async (): Promise<number> => {
      const answers = await Promise.all(nodes.map(({ httpUrl }) => ask(`${httpUrl}/raw/lobby/presence`)));
      return answers.filter(({ body }) => JSON.stringify(body).includes('"ann"')).length;
    };
    expect(await present()).toBe(1);
    stream.socket.destroy();
    await vi.waitFor(async () => expect(await present()).toBe(0), patience);
  });

  test("whatever becomes of a node, no token is in a log", async (context) => {
    const { nodes, running, port } = await fleet(context, proxy, { options: never });
    const secret = "a-token-of-somebody";
    const asked = `/connection/sse?cf_connect=${encodeURIComponent(JSON.stringify({ token: secret }))}&token=${secret}`;
    const ended = Promise.withResolvers<void>();
    const reader = connect(port, "127.0.0.1", () =>
      reader.write(`GET ${asked} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
    );
    reader.once("close", ended.resolve);
    await once(reader, "data");
    await Promise.all(nodes.map((node) => node.stop()));
    await ended.promise;
    await fetch(`http://127.0.0.1:${port}${asked}`).catch(() => undefined);
    expect(running.logs()).not.toContain(secret);
  });

  test("what a stream's client posts comes to the node that holds the stream", async (context) => {
    const { nodes, port } = await fleet(context, proxy);
    const through = { ...nodes[0], port } as Served;
    for (const fallback of ["http_stream", "sse"] as const) {
      const stream = await beginStream(through, fallback, connectCommand);
      await stream.until(() => stream.text.includes('"session"'));
      const [session, node] = ["session", "node"].map(
        (name) => new RegExp(`"${name}":"([^"]+)"`).exec(stream.text)?.[1],
      );
      const data = '{"id":2,"presence":{"channel":"lobby"}}';
      const { status } = await emulate(`http://127.0.0.1:${port}`, JSON.stringify({ session, node, data }));
      expect(status, fallback).toBe(204);
      await stream.until(() => stream.text.includes('"id":2'));
    }
  });

  test("pings hold what is silent for longer than the proxy's limits", async (context) => {
    const { port } = await fleet(context, proxy, { options: soon, places: proxy.silence(`${silentMs}ms`) });
    const [socket, stream] = await Promise.all([opened(port, "/echo"), openStream(port, "/raw/lobby")]);
    let pings = 0;
    socket.on("ping", () => (pings += 1));
    const enough = (2 * silentMs) / pingIntervalMs;
    await stream.until(({ parser }) => parser.comments > enough);
    await vi.waitFor(() => expect(pings).toBeGreaterThan(enough), patience);
    expect(await echoes(socket, "still here")).toBe("still here");
  });

  test("its configuration is read anew while a stream is read, and the stream goes on", async (context) => {
    const { nodes, running, port } = await fleet(context, proxy);
    const stream = await openStream(port, "/raw/lobby");
    await running.reload();
    await sixEchoes(port);
    for (const { httpUrl } of nodes) await post(`${httpUrl}/raw/lobby`, "after");
    await stream.until(({ events }) => events.some(({ data }) => data === "after"));
  });

  test("a node that drains or is gone gets nobody, and the others get who comes", async (context) => {
    const { nodes, port } = await fleet(context, proxy);
    await nodes[0]?.tide.stop({ drainMs: 1 });
    await vi.waitFor(() => sixEchoes(port), patience);
    await nodes[0]?.stop();
    await sixEchoes(port);
  });
});

test("the page shows the configurations as they are", () => {
  const shown = blocksOf("docs/proxies.md").map(({ words: [file = ""], text }) => [file, text]);
  expect(shown).toEqual([nginx, caddy].map(({ file }) => [file, textOf(file)]));
});

test.for([
  { ...haproxy, written: /timeout (?:client|server) (\d+)s/g },
  { ...nginx, written: /proxy_(?:read|send)_timeout (\d+)s/g },
])("$name lets what is silent wait for a ping and its pong", ({ file, written }) => {
  const limits = [...textOf(file).matchAll(written)].map(([, seconds]) => Number(seconds) * 1_000);
  expect(limits.length).toBe(2);
  for (const limitMs of limits)
    expect(limitMs).toBeGreaterThan(defaultLimits.pingIntervalMs + defaultLimits.pongTimeoutMs);
});

test.for([haproxy, nginx])("$name lets go of a WebSocket without pings at its limit", async (proxy, context) => {
  const { port } = await fleet(context, proxy, { options: never, places: proxy.silence(`${silentMs}ms`) });
  await once(await opened(port, "/echo"), "close");
});

test.for([haproxy, nginx])("$name keeps WebSockets when its configuration is read anew", async (proxy, context) => {
  const { running, port } = await fleet(context, proxy);
  const socket = await opened(port, "/echo");
  await running.reload();
  expect(await echoes(socket, "after")).toBe("after");
});

test("caddy ends WebSockets when its configuration is read anew, and lets them come back", async (context) => {
  const { running, port } = await fleet(context, caddy);
  const closed = once(await opened(port, "/echo"), "close");
  await running.reload();
  await closed;
  await sixEchoes(port);
});

const shortRequests: Places = {
  "timeout client 60s": "timeout client 3s",
  "timeout server 60s": "timeout server 3s",
  "timeout http-keep-alive 10s": "timeout http-keep-alive 3s",
};

test.for([
  { ...haproxy, places: shortRequests },
  { ...caddy, places: caddy.silence("3s") },
])("$name: a WebSocket may be silent for longer than a request may last", async ({ places, ...proxy }, context) => {
  const { port } = await fleet(context, proxy, { places, options: never });
  const socket = await opened(port, "/echo");
  expect(await echoes(socket, "before")).toBe("before");
  // It fell silent first; one that waits for a request tells by its end that the time is over.
  const idle = connect(port, "127.0.0.1", () => idle.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"));
  idle.resume();
  await once(idle, "close");
  expect(await echoes(socket, "after")).toBe("after");
});

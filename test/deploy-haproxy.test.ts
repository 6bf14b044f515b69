// deploy/haproxy.cfg in a real HAProxy before three real nodes: upgrades, silence, addresses, and streams with requests beside them.
import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test, type TestContext } from "vitest";
import WebSocket from "ws";
import { beginStream, connectCommand, emulate } from "./emulated-client.ts";
import { freePort } from "./killable-node.ts";
import { type Places, startHaproxy } from "./services/haproxy.ts";
import { serve, type Served } from "./serving.ts";

interface Fleet {
  readonly nodes: readonly Served[];
  /** Where the balancer listens. */
  readonly port: number;
  /** Those that the nodes were told of who connects, in their order. */
  readonly addresses: string[];
}

async function fleet(context: TestContext, places: Places = {}): Promise<Fleet> {
  const addresses: string[] = [];
  const access = {
    connect: ({ address }: { address: string }) => {
      addresses.push(address);
      return { user: "ann" };
    },
  };
  const port = await freePort();
  const nodes = await Promise.all([1, 2, 3].map(() => serve({ access, trustProxy: ["127.0.0.1"] })));
  const names = ["one", "two", "three"];
  await startHaproxy(context, "deploy/haproxy.cfg", {
    "bind :8080": `bind 127.0.0.1:${port}`,
    ...Object.fromEntries(names.map((name, index) => [`${name}:8080`, `127.0.0.1:${nodes[index]?.port}`])),
    ...places,
  });
  return { nodes, port, addresses };
}

/** A WebSocket to /echo, which answers. */
async function echoing(port: number, options: WebSocket.ClientOptions = {}): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, options);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

async function echoes(socket: WebSocket, text: string): Promise<string> {
  socket.send(text);
  const [data] = (await once(socket, "message")) as [Buffer];
  return data.toString();
}

test("a WebSocket is upgraded, and the node knows its address, whatever the client says of it", async (context) => {
  const { port, addresses } = await fleet(context);
  const socket = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`, {
    localAddress: "127.0.0.2",
    headers: { "X-Forwarded-For": "203.0.113.7" },
  });
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  socket.send(connectCommand);
  await once(socket, "message");
  expect(addresses).toEqual(["127.0.0.2"]);
});

test("a WebSocket may be silent for longer than a request may last", async (context) => {
  const { port } = await fleet(context, {
    "timeout client 60s": "timeout client 500ms",
    "timeout server 60s": "timeout server 500ms",
    "timeout http-keep-alive 10s": "timeout http-keep-alive 500ms",
  });
  const socket = await echoing(port);
  expect(await echoes(socket, "before")).toBe("before");
  // It fell silent first; one that waits for a request tells by its end that the time is over.
  const idle = connect(port, "127.0.0.1", () => idle.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"));
  idle.resume();
  await once(idle, "close");
  expect(await echoes(socket, "after")).toBe("after");
});

test("what a stream's client posts comes to the node that holds the stream", async (context) => {
  const { nodes, port } = await fleet(context);
  const through = { ...nodes[0], port } as Served;
  for (const fallback of ["http_stream", "sse"] as const) {
    const stream = await beginStream(through, fallback, connectCommand);
    await stream.until(() => stream.text.includes('"session"'));
    const [session, node] = ["session", "node"].map((name) => new RegExp(`"${name}":"([^"]+)"`).exec(stream.text)?.[1]);
    const data = '{"id":2,"presence":{"channel":"lobby"}}';
    const { status } = await emulate(`http://127.0.0.1:${port}`, JSON.stringify({ session, node, data }));
    expect(status, fallback).toBe(204);
    await stream.until(() => stream.text.includes('"id":2'));
  }
});

test("a node that is gone gets nobody, and the others get who comes", async (context) => {
  const { nodes, port } = await fleet(context);
  await nodes[0]?.stop();
  const sockets = await Promise.all(Array.from({ length: 6 }, () => echoing(port)));
  for (const [index, socket] of sockets.entries()) expect(await echoes(socket, `${index}`)).toBe(`${index}`);
});

// A proxy that is given connections: by an HTTP server that has upgraded them, without a port of its own.
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { dial, type End, tcpServer, until } from "../../test/line.ts";
import { createFaultProxy, type FaultProxy } from "./index.ts";

const ask = "GET /line HTTP/1.1\r\nHost: here\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

interface Upgrading {
  readonly proxy: FaultProxy;
  /** What `accept` returned, in the order of the upgrades. */
  readonly ids: readonly (number | null)[];
  /** The server behind the proxy. */
  readonly ends: readonly End[];
  readonly dial: () => End;
}

/** An HTTP server that gives every upgrade to the proxy, with `first` before what the client sends. */
async function upgrading(first: string): Promise<Upgrading> {
  const { port, ends } = await tcpServer();
  const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port }, listen: null });
  onTestFinished(() => proxy.close());
  const ids: (number | null)[] = [];
  const server = createServer();
  server.on("upgrade", (_request, socket, head: Buffer) => {
    socket.unshift(Buffer.concat([Buffer.from(first), head]));
    ids.push(proxy.accept(socket as Socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { proxy, ids, ends, dial: () => dial((server.address() as AddressInfo).port) };
}

it("passes on what was read before, then what comes, and back", async () => {
  const { proxy, ids, ends, dial } = await upgrading("greeting ");
  expect([proxy.port, proxy.url]).toEqual([0, ""]);
  const client = dial();
  client.socket.write(`${ask}with the head`);
  await until(() => ends[0]?.text === "greeting with the head");
  client.socket.write(", and after it");
  await until(() => ends[0]?.text === "greeting with the head, and after it");
  ends[0]?.socket.end("answer");
  await until(() => client.hasEnded);
  expect(client.text).toBe("answer");
  expect(ids).toEqual([1]);
  client.socket.end();
  await until(() => proxy.connections().length === 0);
});

it("resets the client itself, and the server, when it cuts", async () => {
  const { proxy, ends, dial } = await upgrading("");
  const client = dial();
  client.socket.write(`${ask}hello`);
  await until(() => ends[0]?.text === "hello");
  expect(proxy.cut("reset")).toBe(1);
  await until(() => client.failure === "ECONNRESET" && ends[0]?.failure === "ECONNRESET");
});

it("resets what it is given while it refuses, and once it is closed", async () => {
  const { proxy, ids, ends, dial } = await upgrading("");
  await proxy.set({ refuse: true });
  const refused = dial();
  refused.socket.write(ask);
  await until(() => refused.failure === "ECONNRESET");
  await proxy.clear();
  const taken = dial();
  taken.socket.write(`${ask}hello`);
  await until(() => ends[0]?.text === "hello");
  await proxy.close();
  const late = dial();
  late.socket.write(ask);
  await until(() => late.failure === "ECONNRESET");
  expect(ids).toEqual([null, 1, null]);
});

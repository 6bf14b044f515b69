import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { createFaultProxy, type FaultProxy } from "@tidewire/client/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { startControl, type Control } from "./control.ts";

interface Stage {
  readonly proxy: FaultProxy;
  readonly control: Control;
  /** A connection through the proxy, which the echo server has answered. */
  readonly open: () => Promise<Socket>;
}

async function stage(): Promise<Stage> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await createFaultProxy({ to: { host: "127.0.0.1", port: (server.address() as AddressInfo).port } });
  const control = await startControl(proxy, 0);
  onTestFinished(async () => {
    await control.close();
    await proxy.close();
    server.close();
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(proxy.port, "127.0.0.1");
    socket.on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
    socket.write("hello");
    await once(socket, "data");
    return socket;
  };
  return { proxy, control, open };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function ask({ control }: Stage, path: string, asked: Asked = {}): Promise<{ status: number; value: unknown }> {
  const { method = "GET", headers = {}, body = "" } = asked;
  const outgoing = request({ port: control.port, host: "127.0.0.1", path, method, headers });
  outgoing.end(body);
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString("latin1");
  return { status: response.statusCode ?? 0, value: JSON.parse(text) as unknown };
}

/** What an answer says is wrong. */
function errorIn(value: unknown): unknown {
  return typeof value === "object" && value !== null && "error" in value ? value.error : value;
}

const none = { up: {}, down: {}, link: {} };

describe("faults", () => {
  it("are set, read and taken back", async () => {
    const on = await stage();
    await on.open();
    expect(await ask(on, "/faults")).toEqual({ status: 200, value: { new: none, connections: { 1: none } } });
    const plan = { up: { delayMs: 30 }, down: { delayMs: 30 }, link: { hang: true } };
    expect(await ask(on, "/faults", { method: "PUT", body: '{"delayMs":30,"hang":true}' })).toEqual({
      status: 200,
      value: { new: plan, connections: { 1: plan } },
    });
    await ask(on, "/faults?connection=1&direction=up", { method: "PUT", body: '{"sliceBytes":2}' });
    await ask(on, "/faults?connection=new", { method: "PUT", body: "{}" });
    expect((await ask(on, "/faults")).value).toEqual({
      new: none,
      connections: { 1: { ...plan, up: { sliceBytes: 2 } } },
    });
  });

  it.each([
    ["/faults", "", "faults: expected an object, got undefined"],
    ["/faults", "{", /^body: expected JSON: /],
    ["/faults", "[]", "faults: expected an object, got []"],
    ["/faults", '{"delayMs":0}', "delayMs: expected an integer from 1 to 600000, got 0"],
    ["/faults", '{"delay":5}', /got "delay"$/],
    ["/faults", '{"__proto__":{"delayMs":5}}', /got "__proto__"$/],
    ["/faults?connection=9", "{}", 'connection: expected "all" or the id of one that is open, got 9'],
    ["/faults?connection=x", "{}", 'connection: expected all, new or an id, got "x"'],
    ["/faults?direction=left", "{}", 'direction: expected up or down, got "left"'],
    ["/faults?directon=up", "{}", 'query: expected connection and direction, got "directon"'],
    ["/faults?direction=up", '{"halfOpen":true}', 'halfOpen: expected without a direction, got direction "up"'],
  ])("refuses PUT %s %s", async (path, body, message) => {
    const on = await stage();
    const { status, value } = await ask(on, path, { method: "PUT", body });
    expect(errorIn(value)).toMatch(message);
    expect(status).toBe(400);
    expect(on.proxy.faults).toEqual(none);
  });

  it("refuses a body that is too long, and still says so", async () => {
    const on = await stage();
    const { status, value } = await ask(on, "/faults", { method: "PUT", body: `{"delayMs":5${" ".repeat(20_000)}}` });
    expect([status, value]).toEqual([413, { error: "body: expected at most 16384 bytes" }]);
  });
});

describe("connections, cut and events", () => {
  it("shows connections and cuts them", async () => {
    const on = await stage();
    const [first, second] = [await on.open(), await on.open()];
    expect((await ask(on, "/connections")).value).toMatchObject([
      {
        id: 1,
        state: "open",
        up: { readBytes: 5, sentBytes: 5, waitingBytes: 0 },
        down: { sentBytes: 5 },
        faults: none,
      },
      { id: 2, state: "open" },
    ]);
    const ended = once(second, "end");
    const body = '{"how":"end"}';
    expect(await ask(on, "/cut?connection=2", { method: "POST", body })).toEqual({ status: 200, value: { cut: 1 } });
    await ended;
    const failed = once(first, "error");
    expect((await ask(on, "/cut?connection=1", { method: "POST" })).value).toEqual({ cut: 1 });
    expect(await failed).toMatchObject([{ code: "ECONNRESET" }]);
  });

  it.each(['{"how":"gently"}', "3", "{}"])("refuses to cut by %s", async (body) => {
    const on = await stage();
    const { status, value } = await ask(on, "/cut", { method: "POST", body });
    expect(errorIn(value)).toMatch(/^how: expected "reset" or "end"/);
    expect(status).toBe(400);
  });

  it("streams events, to a bounded number of readers", async () => {
    const on = await stage();
    const readers = await Promise.all(
      Array.from({ length: 16 }, () => fetch(`http://127.0.0.1:${on.control.port}/events`)),
    );
    expect(readers[0]?.headers.get("content-type")).toBe("text/event-stream");
    expect((await ask(on, "/events")).status).toBe(503);
    await on.proxy.set({ delayMs: 5 });
    await on.control.close();
    for (const reader of readers) {
      expect(await reader.text()).toBe(
        `: open\n\nevent: fault\ndata: ${JSON.stringify({ kind: "fault", connection: "all", direction: "both", faults: { delayMs: 5 } })}\n\n`,
      );
    }
  });
});

describe("a reader of events that does not read", () => {
  it("is cut off, and others are not", async () => {
    const on = await stage();
    const [reader, idler] = [await readEvents(on), await readEvents(on)];
    idler.socket.pause();
    // More than the kernel holds for one that does not read.
    for (let round = 0; round < 120; round += 1) {
      const bytesBefore = reader.bytes;
      for (let count = 0; count < 1_000; count += 1) await on.proxy.set({ delayMs: 5 }, { connection: "new" });
      while (reader.bytes < bytesBefore + 80_000) await once(reader.socket, "data");
    }
    idler.socket.resume();
    await once(idler.socket, "close");
    expect(idler.bytes).toBeLessThan(reader.bytes);
    expect(reader.socket.destroyed).toBe(false);
  });
});

/** A bare socket that has begun to read events. */
async function readEvents({ control }: Stage): Promise<{ readonly socket: Socket; bytes: number }> {
  const reader = { socket: connect(control.port, "127.0.0.1"), bytes: 0 };
  onTestFinished(() => void reader.socket.destroy());
  reader.socket.on("error", () => undefined);
  reader.socket.on("data", (chunk: Buffer) => void (reader.bytes += chunk.length));
  reader.socket.write("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await once(reader.socket, "data");
  return reader;
}

describe("who may ask", () => {
  it.each([
    ["GET /", 404, 'expected one of /faults, /cut, /connections, /events, got "/"'],
    ["GET /constructor", 404, 'got "/constructor"'],
    ["DELETE /faults", 405, "/faults: expected GET, PUT, got DELETE"],
    ["GET /cut", 405, "/cut: expected POST, got GET"],
  ])("%s is answered with its status", async (line, status, message) => {
    const [method = "", path = ""] = line.split(" ");
    const answer = await ask(await stage(), path, { method });
    expect(errorIn(answer.value)).toMatch(message);
    expect(answer.status).toBe(status);
  });

  it.each([{ host: "evil.example" }, { host: "127.0.0.1.evil.example" }, { origin: "http://localhost:8080" }])(
    "not a page: %j",
    async (headers: Record<string, string>) => {
      const on = await stage();
      await on.open();
      expect((await ask(on, "/cut", { method: "POST", headers })).status).toBe(403);
      expect(on.proxy.connections()).toHaveLength(1);
    },
  );

  it("this machine by each of its names", async () => {
    const on = await stage();
    for (const host of ["localhost", `localhost:${on.control.port}`, "[::1]:80", "127.0.0.1"]) {
      expect((await ask(on, "/connections", { headers: { host } })).status).toBe(200);
    }
  });
});

// attach(): on somebody else's server, before or after it listens, beside routes and other WebSocket servers.
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createTidewire, type AttachOptions, type Tidewire } from "@tidewire/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import { connected } from "./centrifuge-client.ts";
import { listen, lobby, open } from "./serving.ts";
import { talk, upgradeStatus } from "./talk.ts";
import { dial, readUntil, upgradeRequest } from "./wire.ts";

const apiKey = "the key";

function tidewire(): Tidewire {
  const tide = createTidewire({ channels: [lobby, open], apiKey });
  onTestFinished(() => tide.stop({ drainMs: 1 }));
  return tide;
}

/** An HTTP server that is closed when the test ends. */
function host(app?: RequestListener): Server {
  const server = createServer();
  if (app !== undefined) server.on("request", app);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

/** Somebody else's WebSocket server: says what it hears in capitals. */
function shouter(options: ConstructorParameters<typeof WebSocketServer>[0]): WebSocketServer {
  const other = new WebSocketServer(options);
  other.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => socket.send(data.toString().toUpperCase()));
  });
  onTestFinished(() => other.close());
  return other;
}

async function echoes(url: string, heard = "hi"): Promise<void> {
  const client = await talk(url);
  client.send("hi");
  expect(await client.next()).toBe(heard);
  await client.close();
}

async function text(url: string): Promise<string> {
  const response = await fetch(url);
  return `${response.status} ${await response.text()}`;
}

/** A router as Express makes one: a function that answers everything. */
const app: RequestListener = (request, response) => {
  if (request.url === "/hello") response.end("hello");
  else response.writeHead(404).end("the app knows nothing of it");
};

test("before listen and after it", async () => {
  for (const isBefore of [true, false]) {
    const [server, tide] = [host(), tidewire()];
    if (isBefore) tide.attach(server);
    const port = await listen(server);
    if (!isBefore) tide.attach(server);
    await tide.start();
    await echoes(`ws://127.0.0.1:${port}/echo`);
    await (await connected(`ws://127.0.0.1:${port}`)).publish("lobby", 1);
  }
});

test("guests are let in while every server listens on this machine alone, and no longer", async () => {
  const [near, beyond, tide] = [host(), host(), tidewire()];
  // What it would say if it listened beyond this machine.
  Object.assign(beyond, {
    address: () => (beyond.listening ? { address: "192.0.2.1", family: "IPv4", port: 80 } : null),
  });
  tide.attach(near);
  tide.attach(beyond);
  const url = `ws://127.0.0.1:${await listen(near)}`;
  await tide.start();
  const guest = await connected(url);
  await guest.publish("lobby", 1);
  await once(beyond.listen(0, "127.0.0.1"), "listening");
  await expect(connected(url)).rejects.toThrow("disconnected");
  await guest.publish("lobby", 2);
  beyond.close();
  await once(beyond, "close");
  await (await connected(url)).publish("lobby", 3);
});

describe("beside an application's routes", () => {
  test.each([{}, { http: true }])("with %j the routes answer as before", async (options: AttachOptions) => {
    const [server, tide] = [host(app), tidewire()];
    tide.attach(server, options);
    const port = await listen(server);
    await tide.start();
    expect(await text(`http://127.0.0.1:${port}/hello`)).toBe("200 hello");
    expect(await text(`http://127.0.0.1:${port}/raw`)).toBe("404 the app knows nothing of it");
    expect(await text(`http://127.0.0.1:${port}/raw/lobby`)).toMatch(/^406 This is a channel/);
    const live = options.http === true ? '200 {"status":"live"}' : "404 the app knows nothing of it";
    expect(await text(`http://127.0.0.1:${port}/health/live`)).toBe(live);
    await echoes(`ws://127.0.0.1:${port}/echo`);
  });

  test("with http: true listeners added before and after hear each request of theirs once, and none of ours", async () => {
    const heard: string[] = [];
    const server = host((request) => void heard.push(`first ${request.url}`));
    server.once("request", () => heard.push("once"));
    const tide = tidewire();
    tide.attach(server, { http: true });
    server.on("request", (request, response) => {
      heard.push(`last ${request.url}`);
      response.end();
    });
    const port = await listen(server);
    await tide.start();
    await fetch(`http://127.0.0.1:${port}/health/live`);
    for (const path of ["/a", "/b"]) await fetch(`http://127.0.0.1:${port}${path}`);
    const published = await fetch(`http://127.0.0.1:${port}/api/publish`, {
      method: "POST",
      headers: { "x-api-key": apiKey },
      body: '{"channel":"lobby","data":1}',
    });
    expect(await published.json()).toEqual({ result: { durability: "volatile" } });
    expect(heard).toEqual(["first /a", "once", "last /a", "first /b", "last /b"]);
  });

  test("a request that offers HTTP/2 is answered as it is, as Java's client sends it", async () => {
    const [server, tide] = [host(app), tidewire()];
    tide.attach(server);
    const port = await listen(server);
    const socket = await dial(port);
    socket.write(
      "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n",
    );
    expect(await readUntil(socket, (answer) => answer.endsWith("hello"))).toMatch(/^HTTP\/1.1 200 OK/);
    socket.destroy();
  });
});

describe("beside another WebSocket server", () => {
  const orders = ["made before", "made after"] as const;

  test.each(orders)("without a path, %s: it keeps all but ours", async (order) => {
    const [server, tide] = [host(), tidewire()];
    if (order === "made before") shouter({ server });
    tide.attach(server);
    if (order === "made after") shouter({ server });
    const port = await listen(server);
    await tide.start();
    await Promise.all([
      echoes(`ws://127.0.0.1:${port}/`, "HI"),
      echoes(`ws://127.0.0.1:${port}/anything`, "HI"),
      echoes(`ws://127.0.0.1:${port}/raw/lobby`),
      echoes(`ws://127.0.0.1:${port}/echo`),
    ]);
    await (await connected(`ws://127.0.0.1:${port}`)).publish("lobby", 1);
  });

  test.each(orders)("with a path, %s: each its own, and another path is refused once", async (order) => {
    const [server, tide] = [host(), tidewire()];
    if (order === "made before") shouter({ server, path: "/shout" });
    tide.attach(server);
    if (order === "made after") shouter({ server, path: "/shout" });
    const port = await listen(server);
    await tide.start();
    await echoes(`ws://127.0.0.1:${port}/shout`, "HI");
    await echoes(`ws://127.0.0.1:${port}/echo`);
    const socket = await dial(port);
    socket.write(upgradeRequest("/nowhere"));
    const answer = await readUntil(socket, () => false);
    expect(answer.match(/HTTP\/1.1 4\d\d/g)).toHaveLength(1);
  });

  test("that chooses by hand, as a dev server's hot reload does", async () => {
    const [server, tide] = [host(), tidewire()];
    const reload = shouter({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      if (request.headers["sec-websocket-protocol"] !== "vite-hmr") return;
      reload.handleUpgrade(request, socket, head, (client) => reload.emit("connection", client, request));
    });
    tide.attach(server);
    const port = await listen(server);
    await tide.start();
    const client = await talk(`ws://127.0.0.1:${port}/`, { protocols: ["vite-hmr"] });
    client.send("hi");
    expect(await client.next()).toBe("HI");
    await echoes(`ws://127.0.0.1:${port}/echo`);
  });
});

describe("paths", () => {
  test("an upgrade that nobody serves: 404", async () => {
    const [server, tide] = [host(), tidewire()];
    tide.attach(server);
    const port = await listen(server);
    await tide.start();
    for (const path of ["/nowhere", "/", "/raw", "/raw/", "/echo/", "/Echo", "/connection/sockjs", "/app/key"]) {
      expect(await upgradeStatus(`ws://127.0.0.1:${port}${path}`), path).toBe(404);
    }
  });

  test.each(["/rt", "/rt/"])("with the prefix %s everything lies behind it, and nothing beside it", async (prefix) => {
    const [server, tide] = [host(app), tidewire()];
    tide.attach(server, { path: prefix, http: true });
    const port = await listen(server);
    await tide.start();
    await echoes(`ws://127.0.0.1:${port}/rt/echo`);
    await echoes(`ws://127.0.0.1:${port}/rt/raw/lobby`);
    await (await connected(`ws://127.0.0.1:${port}/rt`)).publish("lobby", 1);
    expect(await text(`http://127.0.0.1:${port}/rt/health/ready`)).toBe('200 {"status":"ready"}');
    for (const path of ["/echo", "/raw/lobby", "/rtx/echo", "/rt", "/rt/"]) {
      expect(await upgradeStatus(`ws://127.0.0.1:${port}${path}`), path).toBe(404);
    }
    expect(await text(`http://127.0.0.1:${port}/health/live`)).toMatch(/^404/);
  });

  test("a prefix that no path can have is a mistake at once", () => {
    expect(() => tidewire().attach(host(), { path: "rt" })).toThrow(TypeError);
  });

  test("two of them on one server, each with channels of its own", async () => {
    const [server, first, second] = [host(app), tidewire(), tidewire()];
    first.attach(server, { path: "/one", http: true });
    second.attach(server, { path: "/two", http: true });
    const port = await listen(server);
    await Promise.all([first.start(), second.start()]);
    const one = await talk(`ws://127.0.0.1:${port}/one/raw/lobby`);
    const two = await talk(`ws://127.0.0.1:${port}/two/raw/lobby`);
    one.send("in one");
    two.send("in two");
    expect([await one.next(), await two.next()]).toEqual(["in one", "in two"]);
    expect([first.stats().sessions, second.stats().sessions]).toEqual([1, 1]);
    expect(await upgradeStatus(`ws://127.0.0.1:${port}/three/echo`)).toBe(404);
    expect(await text(`http://127.0.0.1:${port}/two/health/live`)).toBe('200 {"status":"live"}');
    await first.stop({ drainMs: 1 });
    expect(await text(`http://127.0.0.1:${port}/one/health/ready`)).toMatch(/^503/);
    expect(await text(`http://127.0.0.1:${port}/two/health/ready`)).toMatch(/^200/);
    two.send("still here");
    expect(await two.next()).toBe("still here");
  });

  test("one of them on two servers", async () => {
    const [servers, tide] = [[host(), host()] as const, tidewire()];
    for (const server of servers) tide.attach(server);
    const [a, b] = [await listen(servers[0]), await listen(servers[1])];
    await tide.start();
    const [left, right] = [await talk(`ws://127.0.0.1:${a}/raw/lobby`), await talk(`ws://127.0.0.1:${b}/raw/lobby`)];
    left.send("across");
    expect([await left.next(), await right.next()]).toEqual(["across", "across"]);
  });
});

test("after stop an upgrade is answered with 503, and stopping twice waits for the same end", async () => {
  const [server, tide] = [host(), tidewire()];
  tide.attach(server);
  const port = await listen(server);
  await tide.start();
  const stopping = tide.stop({ drainMs: 1 });
  expect(tide.stop()).toBe(stopping);
  await stopping;
  expect(await upgradeStatus(`ws://127.0.0.1:${port}/echo`)).toBe(503);
});

test("whoever waits for admission when the server stops is not let in", async () => {
  const server = host();
  const tide = createTidewire({ channels: [lobby], limits: { newPerSecond: 1 } });
  tide.attach(server);
  const port = await listen(server);
  await tide.start();
  await talk(`ws://127.0.0.1:${port}/echo`);
  const late = upgradeStatus(`ws://127.0.0.1:${port}/echo`);
  await expect.poll(() => tide.stats().counters["upgrades"]).toBe(2);
  await tide.stop({ drainMs: 1 });
  expect(await late).toBe(503);
});

test("the fallbacks below a prefix, beside the host's own requests at their usual addresses", async () => {
  const server = host(app);
  tidewire().attach(server, { path: "/rt" });
  const url = `http://127.0.0.1:${await listen(server)}`;
  const body = '{"id":1,"connect":{}}';
  const opened = await fetch(`${url}/rt/connection/http_stream`, { method: "POST", body });
  const { value } = (await opened.body?.getReader().read()) ?? {};
  const [reply = ""] = new TextDecoder().decode(value).split("\n");
  const { session, node } = (JSON.parse(reply) as { connect: { session: string; node: string } }).connect;
  const said = JSON.stringify({ session, node, data: '{"id":2,"presence_stats":{"channel":"lobby"}}' });
  const answered = await fetch(`${url}/rt/emulation`, { method: "POST", body: said });
  expect([opened.status, answered.status]).toEqual([200, 204]);
  for (const path of ["/connection/http_stream", "/connection/sse", "/emulation", "/rt/connection/other"]) {
    const response = await fetch(`${url}${path}`, { method: "POST", body });
    expect([path, response.status, await response.text()]).toEqual([path, 404, "the app knows nothing of it"]);
  }
});

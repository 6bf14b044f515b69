// Proxy events from the outside: an SDK's client on one side, a backend's HTTP on the other, in Centrifugo's bodies.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { defineChannel } from "@tidewire/protocol";
import type { ProxyOptions } from "@tidewire/server";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { clientOf, Listener, sessionOf } from "./centrifuge-client.ts";
import { listen, lobby, open, serve, type Served, type ServerOptions } from "./serving.ts";

interface Asked {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
}

interface Stage {
  readonly served: Served;
  readonly asked: Asked[];
  readonly of: (path: string) => readonly Asked["body"][];
}

/** Answers by the last part of the path; `null` hangs. */
type Answers = Readonly<Record<string, (body: Asked["body"]) => unknown>>;

const events = ["connect", "refresh", "subscribe", "subRefresh", "publish", "rpc"] as const;

async function setStage(answers: Answers, options: Partial<ServerOptions> = {}): Promise<Stage> {
  const asked: Asked[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "").slice(1);
    const body = JSON.parse(await text(request)) as Asked["body"];
    asked.push({ path, body, headers: request.headers });
    const answer = answers[path]?.(body);
    if (answer !== null) response.end(JSON.stringify(answer));
  };
  const server = createServer((request, response) => void take(request, response));
  const port = await listen(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoints = events
    .filter((event) => event in answers)
    .map((event) => [
      event,
      { endpoint: `http://127.0.0.1:${port}/${event}`, clientHeaders: ["Cookie"], sendsMeta: true },
    ]);
  const proxy = Object.fromEntries(endpoints) as ProxyOptions;
  const served = await serve({ channels: [lobby, open, defineChannel("#{user}")], proxy, ...options });
  return { served, asked, of: (path) => asked.filter((each) => each.path === path).map(({ body }) => body) };
}

const ok = (result: object = {}): object => ({ result });

test("connect, subscribe, publish and rpc go to the backend, which decides and is told by whom", async () => {
  const { served, asked, of } = await setStage({
    connect: () =>
      ok({ user: "56", info: { name: "Ann" }, data: { hello: true }, meta: { tenant: "t" }, channels: ["#56"] }),
    subscribe: () => ok({ info: { role: "host" }, data: { topic: "tea" } }),
    publish: ({ data }) => ok({ data: { clean: data }, tags: { by: "backend" } }),
    rpc: ({ method, data }) =>
      method === "sum" ? ok({ data: { method, data } }) : { error: { code: 1_000, message: "no" } },
  });
  class WithCookie extends WebSocket {
    constructor(url: string) {
      super(url, { headers: { cookie: "session=1", authorization: "not passed on" } });
    }
  }
  const client = clientOf(served.socketUrl, "ws", { websocket: WithCookie, data: { from: "page" } });
  const connected = new Promise<{ data?: unknown }>((resolve) => {
    client.once("connected", ({ data }) => resolve({ data: data as unknown }));
  });
  client.connect();
  expect((await connected).data).toEqual({ hello: true });
  const who = { client: sessionOf(client), transport: "websocket", protocol: "json", encoding: "json" };
  expect(of("connect")).toEqual([{ ...who, data: { from: "page" } }]);
  const listener = new Listener(client, "public:a", { data: { code: 7 } });
  const subscribed = new Promise<{ data?: unknown }>((resolve) => listener.subscription.once("subscribed", resolve));
  expect((await subscribed).data).toEqual({ topic: "tea" });
  const somebody = { ...who, user: "56", meta: { tenant: "t" } };
  expect(of("subscribe")).toEqual([{ ...somebody, channel: "public:a", data: { code: 7 } }]);
  await client.publish("public:a", { n: 1 });
  await listener.until(({ publications }) => publications.length === 1);
  expect(listener.publications[0]).toMatchObject({
    data: { clean: { n: 1 } },
    tags: { by: "backend" },
    info: { user: "56", connInfo: { name: "Ann" }, chanInfo: { role: "host" } },
  });
  expect(of("publish")).toEqual([{ ...somebody, channel: "public:a", data: { n: 1 } }]);
  expect((await client.rpc("sum", [1, 2])).data).toEqual({ method: "sum", data: [1, 2] });
  await expect(client.rpc("other", {})).rejects.toMatchObject({ code: 1_000, message: "no" });
  expect(of("rpc")[0]).toEqual({ ...somebody, method: "sum", data: [1, 2] });
  for (const { headers } of asked) expect([headers.cookie, headers.authorization]).toEqual(["session=1", undefined]);
  expect(served.log.troubles).toEqual([]);
});

test("a backend turns somebody away for good", async () => {
  const { served } = await setStage({ connect: () => ({ disconnect: { code: 4_501, reason: "unauthorized" } }) });
  const client = clientOf(served.socketUrl);
  const gone = new Promise<unknown>((resolve) => client.once("disconnected", resolve));
  client.connect();
  expect(await gone).toMatchObject({ code: 4_501, reason: "unauthorized" });
});

test("a backend that hangs, fails or talks nonsense keeps nobody out for good: clients try again", async () => {
  const answers = [null, "nonsense", { error: { code: 1_000, message: "soon", temporary: true } }, ok({ user: "1" })];
  const { served, of } = await setStage({ connect: () => answers.shift() }, {});
  const client = clientOf(served.socketUrl, "ws", { timeout: 20_000 });
  const codes: number[] = [];
  client.on("error", ({ error }) => void codes.push(error.code));
  client.connect();
  await client.ready();
  expect(codes).toEqual([408, 100, 1_000]);
  expect(of("connect")).toHaveLength(4);
  expect(served.tide.stats().counters).toMatchObject({ proxy_connect_timed_out: 1, proxy_connect_failed: 1 });
});

test("whoever shows a good token is not asked about at connect", async () => {
  const { served, of } = await setStage(
    { connect: () => ok({ user: "guest" }) },
    { tokens: { secret: tokenSecret }, access: { call: () => true } },
  );
  const client = clientOf(served.socketUrl, "ws", { token: tokenOf({ sub: "42" }) });
  client.connect();
  await client.ready();
  expect(of("connect")).toEqual([]);
});

test("a connection's and a subscription's time is prolonged by the backend, until it says that it is over", async () => {
  const soon = (): number => Math.floor(Date.now() / 1_000) + 1;
  const refreshes = [ok({ expire_at: 4_000_000_000 }), ok({ expired: true })];
  const { served, of } = await setStage({
    connect: () => ok({ user: "56", expire_at: soon() }),
    subscribe: () => ok({ expire_at: soon() }),
    refresh: () => refreshes.shift(),
    subRefresh: () => ok({ expired: true }),
  });
  const client = clientOf(served.socketUrl);
  client.connect();
  await client.ready();
  const listener = new Listener(client, "public:a");
  const ended = new Promise<{ code: number }>((resolve) => void listener.subscription.once("subscribing", resolve));
  expect((await ended).code).toBe(2501);
  await expect.poll(() => of("refresh").length, { timeout: 10_000 }).toBe(1);
  expect(of("subRefresh")[0]).toMatchObject({ user: "56", channel: "public:a", transport: "websocket" });
  expect(client.state).toBe("connected");
});

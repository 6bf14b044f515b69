// A backend over real HTTP: one that hangs, answers garbage, fails, is gone, is crowded, or closes just then.
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { TidewireError } from "@tidewire/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { Disconnect } from "../access.ts";
import { Metrics } from "../ports/metrics.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { identityOf, publishTermsOf, renewalOf, resultOf, subscribeTermsOf } from "./answers.ts";
import { Backend } from "./backend.ts";
import type { EventName } from "./endpoint.ts";
import type { ProxyEndpoint } from "./proxy-options.ts";

async function listening(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/event`;

function ofProxies(counters: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(counters).filter(([name]) => name.startsWith("proxy_")));
}

interface Stage {
  readonly backend: Backend;
  readonly clock: FakeClock;
  readonly counters: () => Readonly<Record<string, number>>;
  readonly logged: unknown[];
}

function setStage(endpoint: string, options: Partial<ProxyEndpoint> = {}, event: EventName = "subscribe"): Stage {
  const [clock, metrics, logged] = [new FakeClock(), new Metrics(), [] as unknown[]];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (...said: unknown[]) => void logged.push(said),
    error: (...said: unknown[]) => void logged.push(said),
  };
  const backend = new Backend(event, { endpoint, ...options }, { clock, log, metrics });
  onTestFinished(() => backend.close());
  return { backend, clock, counters: () => ofProxies(metrics.snapshot()), logged };
}

const question = { body: { client: "c" }, headers: {} };
const ask = ({ backend }: Stage): Promise<unknown> => backend.ask(question, resultOf);
const failure = (asking: Promise<unknown>): Promise<TidewireError> =>
  asking.then(
    () => expect.unreachable("it was answered"),
    (thrown: unknown) => thrown as TidewireError,
  );

/** A backend that says `text` to everybody. */
const saying = async (text: string | Uint8Array, status = 200): Promise<Stage> =>
  setStage(addressOf(await listening((_request, response) => void response.writeHead(status).end(text))));

describe("what is no answer", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["nothing", "", "expected JSON, got something else"],
    ["HTML", "<html>secret</html>", "expected JSON, got something else"],
    ["half of it", '{"result":{', "expected JSON, got something else"],
    ["no UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22), "expected UTF-8, got other bytes"],
    ["null", "null", "the answer: expected an object"],
    ["a list", "[]", "the answer: expected an object"],
    ["an empty object", "{}", "expected result, error or disconnect, got none of them"],
    ["a result that is none", '{"result":"secret"}', "result: expected an object"],
    ["an error that is none", '{"error":{"code":103,"message":"secret"}}', "error: expected a code from 400 to 1999"],
    ["an error without a code", '{"error":{"message":"secret"}}', "error: expected a code"],
    [
      "a disconnect below",
      '{"disconnect":{"code":3500,"reason":"secret"}}',
      "disconnect: expected a code from 4000 to 4999",
    ],
    ["a disconnect beyond", '{"disconnect":{"code":5000}}', "disconnect: expected a code from 4000 to 4999"],
    ["a long reason", `{"disconnect":{"code":4000,"reason":"${"x".repeat(101)}"}}`, "disconnect: expected a code"],
    ["too much", `{"result":{"data":"${"x".repeat(1_048_576)}"}}`, "expected at most 1048576 bytes, got more"],
  ])("%s is told the client as internal, the log by what was expected", async (_what, text, reason) => {
    const stage = await saying(text);
    expect(await failure(ask(stage))).toMatchObject({ reason: "internal", message: "internal server error" });
    expect(stage.logged).toEqual([
      ["a backend failed", { event: "subscribe", reason: expect.stringContaining(reason) as string, untold: 0 }],
    ]);
    expect(JSON.stringify(stage.logged)).not.toContain("secret");
    expect(stage.counters()).toEqual({ proxy_subscribe_failed: 1 });
    expect(stage.clock.pending).toBe(0);
  });

  test.each([201, 204, 301, 400, 401, 404, 500, 503])("status %i", async (status) => {
    const stage = await saying('{"result":{}}', status);
    expect(await failure(ask(stage))).toMatchObject({ reason: "internal" });
    expect(stage.logged[0]).toMatchObject(["a backend failed", { reason: `expected status 200, got ${status}` }]);
  });

  test("a redirect is not followed", async () => {
    let visits = 0;
    const elsewhere = await listening((_request, response) => {
      visits += 1;
      response.end('{"result":{}}');
    });
    const server = await listening(
      (_request, response) => void response.writeHead(307, { location: addressOf(elsewhere) }).end(),
    );
    expect(await failure(ask(setStage(addressOf(server))))).toMatchObject({ reason: "internal" });
    expect(visits).toBe(0);
  });

  test("a backend that is not there", async () => {
    const server = await listening(() => undefined);
    const address = addressOf(server);
    await new Promise((resolve) => server.close(resolve));
    const stage = setStage(address);
    expect(await failure(ask(stage))).toMatchObject({ reason: "internal" });
    expect(stage.logged[0]).toMatchObject(["a backend failed", { reason: "ECONNREFUSED" }]);
  });

  test("one that dies in the middle of its answer", async () => {
    const server = await listening((_request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write('{"result":');
      response.once("drain", () => undefined);
      setImmediate(() => response.destroy());
    });
    expect(await failure(ask(setStage(addressOf(server))))).toMatchObject({ reason: "internal" });
  });

  test("the log hears of a backend that is down once in 10 s, with what it was not told", async () => {
    const stage = await saying("", 500);
    for (let n = 0; n < 5; n += 1) await failure(ask(stage));
    expect(stage.logged).toHaveLength(1);
    stage.clock.advance(10_000);
    await failure(ask(stage));
    expect(stage.logged[1]).toMatchObject(["a backend failed", { untold: 4 }]);
    expect(stage.counters()).toEqual({ proxy_subscribe_failed: 6 });
  });
});

describe("a backend that hangs", () => {
  test.each<[EventName, string, (response: ServerResponse) => void]>([
    ["subscribe", "timed_out", () => undefined],
    ["connect", "timed_out", (response) => void response.writeHead(200).write('{"result"')],
    ["rpc", "indeterminate", () => undefined],
  ])("%s ends with %s when its time is over, however far it has come", async (event, reason, begin) => {
    const arrived = Promise.withResolvers<IncomingMessage>();
    const server = await listening((request, response) => {
      begin(response);
      arrived.resolve(request);
    });
    const stage = setStage(addressOf(server), { timeoutMs: 500 }, event);
    const failing = failure(ask(stage));
    const { socket } = await arrived.promise;
    stage.clock.advance(499);
    expect(stage.clock.pending).toBe(1);
    const closed = new Promise((resolve) => void socket.once("close", resolve));
    stage.clock.advance(1);
    expect(await failing).toMatchObject({ reason, temporary: true });
    expect(stage.counters()).toEqual({ [`proxy_${event}_timed_out`]: 1 });
    // The connection it hangs on is of no more use to anybody.
    await closed;
  });

  test("whoever waits for it in a crowd has no more time than the others, and too large a crowd is refused", async () => {
    const requests: ServerResponse[] = [];
    const server = await listening((_request, response) => void requests.push(response));
    const stage = setStage(addressOf(server), { concurrency: 2, timeoutMs: 1_000 });
    const failing = Array.from({ length: 35 }, () => failure(ask(stage)));
    expect(await failing[34]).toMatchObject({ reason: "overloaded", temporary: true });
    await expect.poll(() => requests.length).toBe(2);
    stage.clock.advance(1_000);
    const reasons = (await Promise.all(failing)).map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason === "timed_out")).toHaveLength(34);
    expect(requests).toHaveLength(2);
    expect(stage.counters()).toEqual({ proxy_overloaded: 1, proxy_subscribe_timed_out: 34 });
    // It is well again, and so are we.
    server.removeAllListeners("request");
    server.on("request", (_request, response: ServerResponse) => void response.end('{"result":{"n":1}}'));
    expect(await ask(stage)).toEqual({ n: 1 });
  });

  test("a call that nobody waits for any more is let go", async () => {
    const arrived = Promise.withResolvers<Socket>();
    const server = await listening((request) => arrived.resolve(request.socket));
    const stage = setStage(addressOf(server), {}, "rpc");
    const abort = new AbortController();
    const failing = failure(stage.backend.ask({ ...question, signal: abort.signal }, resultOf));
    const socket = await arrived.promise;
    const closed = new Promise((resolve) => void socket.once("close", resolve));
    abort.abort();
    await failing;
    await closed;
    expect(stage.clock.pending).toBe(0);
  });
});

describe("a connection that the backend closes just then", () => {
  /** Answers one question on each connection, then cuts it when the next comes. */
  async function fickle(): Promise<{ server: Server; asked: () => number }> {
    const used = new WeakSet<Socket>();
    let asked = 0;
    const server = await listening((request, response) => {
      asked += 1;
      if (used.has(request.socket)) request.socket.resetAndDestroy();
      else response.end('{"result":{}}');
      used.add(request.socket);
    });
    return { server, asked: () => asked };
  }

  test("a question is asked once more on another", async () => {
    const { server, asked } = await fickle();
    const stage = setStage(addressOf(server));
    await ask(stage);
    expect(await ask(stage)).toEqual({});
    expect([asked(), stage.logged]).toEqual([3, []]);
  });

  test("a call is not: it may have been done", async () => {
    const { server, asked } = await fickle();
    const stage = setStage(addressOf(server), {}, "rpc");
    await ask(stage);
    expect(await failure(ask(stage))).toMatchObject({ reason: "internal" });
    expect(asked()).toBe(2);
  });
});

test("what goes out: a POST of JSON, the client's headers that are wanted, and ours before them", async () => {
  let seen: unknown;
  const server = await listening((request, response) => {
    request.setEncoding("utf8").on("data", (text: string) => {
      const { cookie, authorization, "x-secret": secret, "content-type": type } = request.headers;
      seen = [request.method, request.url, text, { cookie, authorization, secret, type }];
      response.end('{"result":{}}');
    });
  });
  const stage = setStage(addressOf(server), {
    clientHeaders: ["Cookie", "X-Secret", "X-None"],
    headers: { "X-Secret": "ours" },
  });
  await stage.backend.ask(
    { body: { a: "é" }, headers: { cookie: "a=b", authorization: "theirs", "x-secret": "theirs" } },
    resultOf,
  );
  const headers = { cookie: "a=b", authorization: undefined, secret: "ours", type: "application/json" };
  expect(seen).toEqual(["POST", "/event", '{"a":"é"}', headers]);
});

test.each<[Partial<ProxyEndpoint>, string]>([
  [{ endpoint: "ftp://host" }, "begins with http"],
  [{ endpoint: "nowhere" }, "begins with http"],
  [{ timeoutMs: 0 }, "timeoutMs is a positive integer"],
  [{ concurrency: 1.5 }, "concurrency is a positive integer"],
  [{ clientHeaders: ["Host"] }, "the header Host is not passed on"],
  [{ clientHeaders: ["a b"] }, "Header name"],
  [{ headers: { "Content-Length": "1" } }, "is not passed on"],
  [{ headers: { "X-A": "a\r\nb" } }, "Invalid character"],
])("options: %j", (options, words) => {
  expect(() => setStage("http://127.0.0.1/", options)).toThrow(words);
});

describe("answers", () => {
  const result = (fields: object): object => ({ result: fields });

  test("a backend's own error reaches the client as it is, its end of the connection too", () => {
    const error = { code: 1_000, message: "custom", temporary: true };
    expect(() => resultOf({ error })).toThrow(new TidewireError({ code: 1_000, temporary: true }, "custom"));
    expect(() => resultOf({ error, disconnect: { code: 4_500, reason: "away" } })).toThrow(
      new Disconnect(4_500, "away"),
    );
  });

  test("who connects", () => {
    const b64info = Buffer.from('{"name":"Ann"}').toString("base64");
    const answer = {
      user: "56",
      expire_at: 9,
      b64info,
      data: { a: 1 },
      channels: ["a"],
      subs: { b: {} },
      meta: { m: 1 },
    };
    expect(identityOf(result(answer))).toEqual({
      user: "56",
      info: { name: "Ann" },
      data: { a: 1 },
      subscriptions: ["a", "b"],
      expiresAt: 9,
      meta: { m: 1 },
    });
    expect(identityOf(result({ user: "" }))).toMatchObject({ user: "", subscriptions: [] });
    for (const bad of [
      {},
      { user: 56 },
      { user: "a", channels: "b" },
      { user: "a", channels: [1] },
      { user: "a", subs: [] },
    ]) {
      expect(() => identityOf(result(bad))).toThrow("expected");
    }
    for (const bad of [{ expire_at: -1 }, { expire_at: "soon" }, { meta: "x" }, { b64data: "!" }, { caps: [{}] }]) {
      expect(() => identityOf(result({ user: "a", ...bad }))).toThrow(/expected|not supported/);
    }
  });

  test("on what terms somebody subscribes, publishes and stays", () => {
    expect(subscribeTermsOf(result({}))).toEqual({ info: undefined, data: undefined, expiresAt: 0 });
    expect(() => subscribeTermsOf(result({ override: { presence: { value: true } } }))).toThrow("not supported");
    expect(publishTermsOf(result({ data: { a: 1 }, tags: { t: "x" }, idempotency_key: "k" }))).toEqual({
      data: { a: 1 },
      tags: { t: "x" },
      idempotencyKey: "k",
    });
    for (const bad of [
      { tags: { t: 1 } },
      { tags: "t" },
      { idempotency_key: "x".repeat(65) },
      { skip_history: true },
    ]) {
      expect(() => publishTermsOf(result(bad))).toThrow(/expected|not supported/);
    }
    expect(renewalOf(result({ expired: true, expire_at: 5 }))).toBe("expired");
    expect([renewalOf(result({ expire_at: 5 })), renewalOf(result({}))]).toEqual([
      { expiresAt: 5 },
      { expiresAt: null },
    ]);
  });
});

// Clients that only hear: a connect request, then pushes, read by what can read a stream or a WebSocket and knows no SDK.
import { requestErrors, type RequestErrorName, TidewireError } from "@tidewire/protocol";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { EventSource } from "eventsource";
import { describe, expect, onTestFinished, test } from "vitest";
import { closeReasonOf } from "../packages/server/src/dialects/centrifuge/unidirectional.ts";
import type { Line } from "./emulated-client.ts";
import { postStream } from "./emulated-client.ts";
import { requestStream, type StreamClient } from "./event-stream-client.ts";
import { ask, errorOf } from "./requesting.ts";
import { open, serve, type Served, type ServerOptions } from "./serving.ts";
import { talk, Talk, bareSocket } from "./talk.ts";

const doors = ["uni_sse", "uni_http_stream", "uni_websocket"] as const;
type Door = (typeof doors)[number];

interface Hearing {
  /** Everything pushed so far. */
  readonly pushes: readonly Line[];
  until(holds: (pushes: readonly Line[]) => boolean): Promise<void>;
  /** How it was ended. */
  readonly ended: Promise<unknown>;
  cut(): void;
}

const streamed = (client: StreamClient): Hearing => {
  const pushes = (): readonly Line[] =>
    (client.head.includes("text/event-stream") ? client.data() : client.text.split("\n").slice(0, -1)).map(
      (line) => JSON.parse(line) as Line,
    );
  return {
    get pushes() {
      return pushes();
    },
    until: async (holds) => void (await client.until(() => holds(pushes()))),
    ended: client.ended,
    cut: () => void client.socket.destroy(),
  };
};

const talked = (spoken: Talk): Hearing => {
  const pushes = (): readonly Line[] => spoken.heard.map((text) => JSON.parse(String(text)) as Line);
  return {
    get pushes() {
      return pushes();
    },
    until: async (holds) => {
      while (!holds(pushes())) await spoken.next();
    },
    ended: spoken.closed,
    cut: () => spoken.socket.close(1000),
  };
};

/** Opens `door` with a connect request in the address. */
async function hear({ port, socketUrl }: Served, door: Door, request: object = {}): Promise<Hearing> {
  const path = `/connection/${door}?cf_connect=${encodeURIComponent(JSON.stringify(request))}`;
  if (door === "uni_websocket") return talked(await talk(`${socketUrl}${path}`));
  return streamed(await requestStream(port, path, { headers: { Accept: "*/*" } }));
}

interface Connected {
  readonly client: string;
  readonly subs: Readonly<Record<string, { epoch: string; offset: number; recovered?: boolean }>>;
}

const connectOf = ({ pushes }: Hearing): Connected => pushes[0]?.["connect"] as Connected;
const dataOf = ({ pushes }: Hearing): unknown[] =>
  pushes.flatMap((push) => (push["pub"] as { data: unknown } | undefined)?.data ?? []);

const access: ServerOptions["access"] = { connect: () => ({ user: "ann", subscriptions: ["public:a"] }) };

describe.each(doors)("%s", (door) => {
  test("hears what the server subscribes it to, from the connect push on, and nothing in an envelope", async () => {
    const served = await serve({ access });
    const hearing = await hear(served, door);
    await hearing.until((pushes) => pushes.length === 1);
    const connect = connectOf(hearing);
    expect(Object.keys(hearing.pushes[0] ?? {})).toEqual(["connect"]);
    expect(connect).toMatchObject({ ping: 25, subs: { "public:a": { recoverable: true, offset: 0 } } });
    expect(connect).not.toHaveProperty("pong");
    await served.tide.channel(open, { name: "a" }).publish({ n: 1 });
    await hearing.until((pushes) => pushes.length === 2);
    expect(hearing.pushes[1]).toEqual({ channel: "public:a", pub: { data: { n: 1 }, offset: 1 } });
  });

  test("goes on where it was, by the positions of its connect request", async () => {
    const served = await serve({ access });
    const channel = served.tide.channel(open, { name: "a" });
    const first = await hear(served, door);
    await first.until((pushes) => pushes.length === 1);
    await channel.publish(1);
    await first.until((pushes) => pushes.length === 2);
    const { epoch } = connectOf(first).subs["public:a"] ?? { epoch: "" };
    first.cut();
    for (const n of [2, 3]) await channel.publish(n);
    const again = await hear(served, door, { subs: { "public:a": { recover: true, epoch, offset: 1 } } });
    await again.until((pushes) => pushes.length === 3);
    expect(connectOf(again).subs["public:a"]).toMatchObject({ recovered: true, offset: 1 });
    expect(dataOf(again)).toEqual([2, 3]);
    const lost = await hear(served, door, { subs: { "public:a": { recover: true, epoch: "other", offset: 1 } } });
    await lost.until((pushes) => pushes.length === 1);
    expect(connectOf(lost).subs["public:a"]).toMatchObject({ was_recovering: true, offset: 3 });
    expect(connectOf(lost).subs["public:a"]).not.toHaveProperty("recovered");
  });

  test("hears channels that it asks for, where the rule lets it", async () => {
    const asked: string[] = [];
    const served = await serve({
      access: {
        connect: () => ({ user: "ann" }),
        subscribe: ({ channel, user }) => {
          asked.push(`${user} ${channel}`);
          return channel !== "public:secret";
        },
      },
    });
    const hearing = await hear(served, door, { subs: { "public:a": {}, lobby: {} } });
    await hearing.until((pushes) => pushes.length === 1);
    expect(Object.keys(connectOf(hearing).subs)).toEqual(["public:a", "lobby"]);
    expect(asked).toEqual(["ann public:a", "ann lobby"]);
    await served.tide.channel(open, { name: "a" }).publish("x");
    await hearing.until((pushes) => pushes.length === 2);
    expect(served.tide.stats().subscriptions).toBe(2);
    await expect(refusal(served, door, { subs: { "public:a": {}, "public:secret": {} } })).resolves.toEqual(
      door === "uni_websocket" ? 3507 : 403,
    );
    expect(served.tide.stats().subscriptions).toBe(2);
  });

  test("the channels of its token", async () => {
    const served = await serve({ tokens: { secret: tokenSecret }, mode: "production" });
    const hearing = await hear(served, door, { token: tokenOf({ sub: "ann", channels: ["public:a"] }) });
    await hearing.until((pushes) => pushes.length === 1);
    expect(Object.keys(connectOf(hearing).subs)).toEqual(["public:a"]);
    await expect(refusal(served, door, { token: "none" })).resolves.toBe(door === "uni_websocket" ? 3500 : 401);
    await expect(refusal(served, door)).resolves.toBe(door === "uni_websocket" ? 3507 : 401);
  });

  test("is told of what the server subscribes it to later, of its end, and of the connection's", async () => {
    const served = await serve();
    const hearing = await hear(served, door);
    await hearing.until((pushes) => pushes.length === 1);
    const id = connectOf(hearing).client as never;
    await served.tide.subscribe(id, "public:a");
    await served.tide.unsubscribe(id, "public:a");
    await hearing.until((pushes) => pushes.length === 3);
    expect(hearing.pushes.slice(1)).toMatchObject([
      { channel: "public:a", subscribe: { recoverable: true } },
      { channel: "public:a", unsubscribe: { code: 2000 } },
    ]);
    served.tide.disconnect(id, false);
    const ended = await hearing.ended;
    if (door === "uni_websocket") expect(ended).toMatchObject({ code: 3503 });
    else expect(hearing.pushes.at(-1)).toEqual({ disconnect: { code: 3503, reason: "force disconnect" } });
  });

  test.each([
    ["no JSON", "nonsense"],
    ["no object", "[]"],
    ["a token that is no text", '{"token":1}'],
    ["subs that are none", '{"subs":[]}'],
    ["a position that is none", '{"subs":{"public:a":{"recover":true,"offset":-1}}}'],
    ["a channel without a name", '{"subs":{"":{}}}'],
    ["a forbidden key", '{"__proto__":{}}'],
  ])("%s is refused", async (_, request) => {
    await expect(refusal(await serve(), door, request)).resolves.toBe(door === "uni_websocket" ? 3501 : 400);
  });
});

/** The status, or the close code, with which a connect request is refused. */
async function refusal({ httpUrl, socketUrl }: Served, door: Door, request: object | string = {}): Promise<number> {
  const said = typeof request === "string" ? request : JSON.stringify(request);
  const path = `/connection/${door}?cf_connect=${encodeURIComponent(said)}`;
  if (door !== "uni_websocket") return (await ask(`${httpUrl}${path}`)).status;
  return (await new Talk(bareSocket(`${socketUrl}${path}`)).closed).code;
}

describe("uni_websocket", () => {
  test("takes its connect request as the first message, and no second one", async () => {
    const { socketUrl } = await serve({ access });
    const spoken = await talk(`${socketUrl}/connection/uni_websocket`);
    spoken.send("{}");
    expect(JSON.parse(String(await spoken.next()))).toHaveProperty("connect");
    spoken.send("{}");
    expect(await spoken.closed).toMatchObject({ code: 3501 });
  });

  test("is pinged by frames of the transport, which every client answers by itself", async () => {
    const { socketUrl, tide } = await serve({ access, limits: { pingIntervalMs: 40, pongTimeoutMs: 5_000 } });
    const socket = bareSocket(`${socketUrl}/connection/uni_websocket?cf_connect={}`);
    const spoken = new Talk(socket);
    let pings = 0;
    await new Promise<void>((resolve) => {
      socket.on("ping", () => {
        pings += 1;
        if (pings === 3) resolve();
      });
    });
    expect([spoken.heard.length, tide.stats().sessions]).toEqual([1, 1]);
  });

  test("says nothing at first: closed after the time for a first command", async () => {
    const { socketUrl } = await serve({ limits: { firstCommandMs: 50 } });
    const spoken = await talk(`${socketUrl}/connection/uni_websocket`);
    expect(await spoken.closed).toMatchObject({ code: 3502 });
  });
});

describe("uni_sse", () => {
  test("a plain EventSource hears it, and comes back by itself after a cut", async () => {
    const served = await serve({ access });
    const source = new EventSource(`${served.httpUrl}/connection/uni_sse`);
    onTestFinished(() => source.close());
    const heard: Line[] = [];
    const waiting: (() => void)[] = [];
    source.addEventListener("message", ({ data }: { data: string }) => {
      heard.push(JSON.parse(data) as Line);
      for (const wake of waiting.splice(0)) wake();
    });
    const until = async (count: number): Promise<void> => {
      while (heard.length < count) await new Promise<void>((resolve) => void waiting.push(resolve));
    };
    await until(1);
    await served.tide.channel(open, { name: "a" }).publish("first");
    await until(2);
    const { client = "" } = (heard[0]?.["connect"] ?? {}) as Partial<Connected>;
    served.tide.cut(client as never);
    await until(3);
    await served.tide.channel(open, { name: "a" }).publish("second");
    await until(4);
    expect(heard.map((push) => (push["pub"] as { data: string } | undefined)?.data ?? Object.keys(push)[0])).toEqual([
      "connect",
      "first",
      "connect",
      "second",
    ]);
  }, 15_000);

  test("is told when to come back, by a refusal that passes too", async () => {
    const served = await serve({ limits: { connections: 1 } });
    const first = await requestStream(served.port, "/connection/uni_sse");
    await first.until(({ events }) => events.length === 1);
    expect(first.parser.retryMs).toBeGreaterThanOrEqual(1_000);
    const refused = await requestStream(served.port, "/connection/uni_sse", { headers: { "Sec-Fetch-Mode": "cors" } });
    await refused.ended;
    expect([refused.status, refused.data("end").length]).toEqual([200, 1]);
    expect(refused.parser.retryMs).toBeGreaterThanOrEqual(5_000);
  });

  test("by POST: a request too long for an address", async () => {
    const served = await serve();
    const subs = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`public:${"x".repeat(200)}${n}`, {}]));
    const hearing = streamed(await postStream(served.port, "/connection/uni_sse", JSON.stringify({ subs })));
    await hearing.until((pushes) => pushes.length === 1);
    expect(Object.keys(connectOf(hearing).subs)).toHaveLength(100);
    const tooMany = Object.fromEntries(Array.from({ length: 129 }, (_, n) => [`public:${n}`, {}]));
    const body = JSON.stringify({ subs: tooMany });
    expect(errorOf(await ask(`${served.httpUrl}/connection/uni_sse`, { method: "POST", body }))).toEqual([409, 3505]);
  });

  test("pings are empty pushes, and nobody answers them", async () => {
    const served = await serve({ limits: { pingIntervalMs: 40, pongTimeoutMs: 50 } });
    const hearing = await hear(served, "uni_sse");
    await hearing.until((pushes) => pushes.length === 6);
    expect(hearing.pushes.slice(1)).toEqual(Array(5).fill({}));
  });
});

test("a refusal that passes is one to come back after, and every other is not", () => {
  for (const reason of Object.keys(requestErrors) as RequestErrorName[]) {
    const error = new TidewireError(reason, "why");
    const closing = closeReasonOf(error);
    const mayReturn = closing === "server_error" || closing === "connection_expired";
    expect([reason, mayReturn]).toEqual([reason, error.temporary || ["token_expired", "expired"].includes(reason)]);
  }
});

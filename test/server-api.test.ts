// The server API as a backend uses it, with unmodified SDK clients on the other side.
import { defineChannel } from "@tidewire/protocol";
import type { ConnectRequest } from "@tidewire/server";
import { afterEach, describe, expect, test } from "vitest";
import { clientOf, connected, listening, sessionOf } from "./centrifuge-client.ts";
import { lobby, open, serve, type Served } from "./serving.ts";

const apiKey = "a key of the server API";
const plain = defineChannel("plain");

let served: Served;

async function begin(): Promise<void> {
  const connect = ({ data }: ConnectRequest): { user: string } => ({
    user: (data as { user?: string } | null)?.user ?? "",
  });
  served = await serve({ channels: [lobby, open, plain], apiKey, access: { connect } });
}

interface Answer {
  readonly replies?: readonly Readonly<Record<string, unknown>>[];
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string };
}

async function ask(method: string, parameters: object | string = {}): Promise<Answer> {
  const response = await fetch(`${served.httpUrl}/api/${method}`, {
    method: "POST",
    headers: { "X-API-Key": apiKey },
    body: typeof parameters === "string" ? parameters : JSON.stringify(parameters),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

const refusal = async (method: string, parameters: object): Promise<number | undefined> =>
  (await ask(method, parameters)).error?.code;

async function as(user: string): Promise<Awaited<ReturnType<typeof connected>>> {
  const client = clientOf(served.socketUrl, "ws", { data: { user } });
  client.connect();
  await client.ready();
  return client;
}

afterEach(() => expect(served.log.troubles).toEqual([]));

describe("history", () => {
  test("gives the position alone, from the start, since a position, and reversed", async () => {
    await begin();
    const channel = "public:a";
    for (let n = 1; n <= 5; n += 1) await ask("publish", { channel, data: { n }, tags: { n: String(n) } });
    const top = (await ask("history", { channel })).result;
    expect(top).toEqual({ publications: [], offset: 5, epoch: expect.any(String) as string });
    const read = async (parameters: object): Promise<unknown[]> => {
      const { result } = await ask("history", { channel, ...parameters });
      return ((result?.["publications"] ?? []) as { offset: number }[]).map(({ offset }) => offset);
    };
    expect(await read({ limit: 2 })).toEqual([1, 2]);
    expect(await read({ limit: -1 })).toEqual([1, 2, 3, 4, 5]);
    expect(await read({ limit: 2, reverse: true })).toEqual([5, 4]);
    expect(await read({ limit: 9, since: { offset: 3, epoch: top?.["epoch"] } })).toEqual([4, 5]);
    expect(await read({ limit: 9, since: { offset: 3, epoch: top?.["epoch"] }, reverse: true })).toEqual([2, 1]);
    const { result } = await ask("history", { channel, limit: 1 });
    expect(result?.["publications"]).toEqual([{ data: { n: 1 }, offset: 1, tags: { n: "1" } }]);
  });

  test("says who published", async () => {
    await begin();
    const ann = await as("ann");
    await ann.publish("public:a", { n: 1 });
    const { result } = await ask("history", { channel: "public:a", limit: 1 });
    expect(result?.["publications"]).toEqual([
      { data: { n: 1 }, offset: 1, info: { user: "ann", client: sessionOf(ann) } },
    ]);
  });

  test("refuses what it cannot answer", async () => {
    await begin();
    expect(await refusal("history", { channel: "lobby", limit: 1 })).toBe(108);
    expect(await refusal("history", { channel: "nowhere" })).toBe(102);
    expect(await refusal("history", {})).toBe(107);
    for (const wrong of [{ limit: "1" }, { since: 5 }, { since: { offset: -1 } }, { since: { epoch: 1 } }]) {
      expect(await refusal("history", { channel: "public:a", ...wrong })).toBe(107);
    }
    expect(await refusal("history", { channel: "public:a", since: {}, reverse: true })).toBe(107);
    expect(await refusal("history", { channel: "public:a", since: { offset: 1, epoch: "other" } })).toBe(112);
  });

  test("is forgotten by history_remove, and who listens is told", async () => {
    await begin();
    const channel = "public:a";
    const ann = await as("ann");
    const listener = await listening(ann, channel);
    await ask("publish", { channel, data: 1 });
    const before = (await ask("history", { channel })).result;
    expect(await ask("history_remove", { channel })).toEqual({ result: {} });
    const after = (await ask("history", { channel, limit: -1 })).result;
    expect(after).toMatchObject({ publications: [], offset: 0 });
    expect(after?.["epoch"]).not.toBe(before?.["epoch"]);
    await listener.until(({ establishments }) => establishments.length === 2);
    expect(listener.establishments[1]).toEqual({ wasRecovering: true, recovered: false });
    expect(await refusal("history_remove", { channel: "lobby" })).toBe(108);
  });
});

test("presence and presence_stats are those of the channel", async () => {
  await begin();
  const [ann, bob] = [await as("ann"), await as("ann")];
  await listening(ann, "public:a");
  await listening(bob, "public:a");
  const shown = (client: typeof ann): object => ({ user: "ann", client: sessionOf(client) });
  expect((await ask("presence", { channel: "public:a" })).result).toEqual({
    presence: { [sessionOf(ann)]: shown(ann), [sessionOf(bob)]: shown(bob) },
  });
  expect(await ask("presence_stats", { channel: "public:a" })).toEqual({ result: { num_clients: 2, num_users: 1 } });
  expect(await ask("presence", { channel: "public:nobody" })).toEqual({ result: { presence: {} } });
  expect(await refusal("presence", { channel: "plain" })).toBe(108);
  expect(await refusal("presence_stats", { channel: "nowhere" })).toBe(102);
});

describe("connections", () => {
  test("of a user are subscribed and unsubscribed, one or all of them", async () => {
    await begin();
    const [first, second, other] = [await as("ann"), await as("ann"), await as("bob")];
    const clients = async (): Promise<unknown> =>
      (await ask("presence_stats", { channel: "public:a" })).result?.["num_clients"];
    const told: string[] = [];
    first.on("subscribed", ({ channel }) => told.push(`subscribed to ${channel}`));
    const ended = new Promise<void>((resolve) => first.on("unsubscribed", () => resolve()));
    expect(await ask("subscribe", { user: "ann", channel: "public:a" })).toEqual({ result: {} });
    expect(await clients()).toBe(2);
    expect(await ask("unsubscribe", { client: sessionOf(first), channel: "public:a" })).toEqual({ result: {} });
    await ended;
    expect([told, await clients()]).toEqual([["subscribed to public:a"], 1]);
    await ask("unsubscribe", { user: "bob", client: sessionOf(second), channel: "public:a" });
    expect(await clients()).toBe(1);
    await ask("unsubscribe", { user: "ann", channel: "public:a" });
    expect(await clients()).toBe(0);
    expect(other.state).toBe("connected");
  });

  test("of a user are closed, but those that are spared", async () => {
    await begin();
    const [first, second, other] = [await as("ann"), await as("ann"), await as("bob")];
    const ended = new Promise<number>((resolve) => first.on("disconnected", ({ code }) => resolve(code)));
    expect(await ask("disconnect", { user: "ann", whitelist: [sessionOf(second)] })).toEqual({ result: {} });
    expect(await ended).toBe(3503);
    expect([second.state, other.state]).toEqual(["connected", "connected"]);
    const again = new Promise<number>((resolve) => second.on("connecting", ({ code }) => resolve(code)));
    await ask("disconnect", { user: "ann", disconnect: { code: 3011, reason: "any" } });
    expect(await again).toBe(3011);
  });

  test("are closed with a code of the application's own", async () => {
    await begin();
    const ann = await as("ann");
    const ended = new Promise<unknown>((resolve) => ann.on("disconnected", resolve));
    const disconnect = { code: 4_501, reason: "banned" };
    for (const other of [{ client: "another" }, { client: sessionOf(ann), session: "another" }]) {
      expect(await ask("disconnect", { user: "ann", ...other, disconnect: { code: 4_502 } })).toEqual({ result: {} });
    }
    expect(await ask("disconnect", { user: "ann", session: sessionOf(ann), disconnect })).toEqual({ result: {} });
    expect(await ended).toMatchObject(disconnect);
  });

  test("are subscribed on terms: with data, info, an end, and from a place on", async () => {
    await begin();
    const channel = "public:a";
    for (const n of [1, 2, 3]) await ask("publish", { channel, data: n });
    const { epoch } = (await ask("history", { channel })).result ?? {};
    const ann = await as("ann");
    const told: unknown[] = [];
    const third = new Promise<void>((resolve) => {
      ann.on("publication", ({ data }) => {
        told.push(data);
        if (data === 3) resolve();
      });
    });
    const subscribed = new Promise<unknown>((resolve) => ann.on("subscribed", ({ data }) => resolve(data)));
    const since = { offset: 1, epoch };
    expect(await refusal("subscribe", { user: "ann", channel, recover_since: { ...since, epoch: "x" } })).toBe(112);
    const terms = { info: { role: "host" }, data: { topic: "tea" }, recover_since: since };
    expect(await ask("subscribe", { user: "ann", channel, ...terms })).toEqual({ result: {} });
    expect(await subscribed).toEqual({ topic: "tea" });
    await third;
    expect(told).toEqual([2, 3]);
    expect((await ask("presence", { channel })).result).toMatchObject({
      presence: { [sessionOf(ann)]: { user: "ann", chan_info: { role: "host" } } },
    });
    const ended = new Promise<void>((resolve) => ann.on("unsubscribed", () => resolve()));
    expect(await ask("subscribe", { user: "ann", channel: "public:b", expire_at: 1 })).toEqual({ result: {} });
    await ended;
  });

  test("have their time prolonged, or ended", async () => {
    await begin();
    const [ann, bob] = [await as("ann"), await as("bob")];
    const code = (client: typeof ann): Promise<number> =>
      new Promise((resolve) => client.on("connecting", ({ code: said }) => resolve(said)));
    const [annEnds, bobEnds] = [code(ann), code(bob)];
    expect(await ask("refresh", { user: "ann", expire_at: 4_000_000_000 })).toEqual({ result: {} });
    expect(ann.state).toBe("connected");
    await ask("refresh", { user: "ann", expired: true });
    await ask("refresh", { client: sessionOf(bob), expire_at: 1 });
    expect([await annEnds, await bobEnds]).toEqual([3005, 3005]);
    expect(await refusal("refresh", { user: "ann", info: {} })).toBe(107);
    expect(await refusal("refresh", { expired: true })).toBe(107);
  });

  test("nobody is meant by nothing, nor by what is not supported", async () => {
    await begin();
    const guest = await connected(served.socketUrl);
    for (const nobody of [{}, { user: "" }, { user: "", client: "" }, { user: 1 }]) {
      expect(await refusal("disconnect", nobody)).toBe(107);
      expect(await refusal("unsubscribe", { channel: "public:a", ...nobody })).toBe(107);
    }
    for (const more of [
      { all_users: true },
      { label_filter: {} },
      { disconnect: { code: 1 } },
      { disconnect: { code: 5000 } },
    ]) {
      expect(await refusal("disconnect", { user: "ann", ...more })).toBe(107);
    }
    for (const more of [
      { override: { presence: {} } },
      { b64data: "e30=" },
      { expire_at: "soon" },
      { recover_since: 1 },
    ]) {
      expect(await refusal("subscribe", { user: "ann", channel: "public:a", ...more })).toBe(107);
    }
    expect(await refusal("subscribe", { user: "ann", channel: "nowhere" })).toBe(102);
    expect(await ask("disconnect", { client: "no such client" })).toEqual({ result: {} });
    expect(guest.state).toBe("connected");
  });
});

test("info and channels count what this node holds", async () => {
  await begin();
  const [ann, bob] = [await as("ann"), await as("bob")];
  await listening(ann, "public:a");
  await listening(bob, "public:a");
  const last = await listening(bob, "public:bb");
  const { result } = await ask("info");
  expect(result?.["nodes"]).toEqual([
    expect.objectContaining({ num_clients: 2, num_users: 2, num_channels: 2, num_subs: 3 }),
  ]);
  const names = async (pattern?: string): Promise<string[]> =>
    Object.keys((await ask("channels", { pattern })).result?.["channels"] as object);
  expect((await ask("channels")).result).toEqual({
    channels: { "public:a": { num_clients: 2 }, "public:bb": { num_clients: 1 } },
  });
  expect(await names("public:a")).toEqual(["public:a"]);
  expect(await names("*")).toEqual(["public:a", "public:bb"]);
  expect(await names("*b")).toEqual(["public:bb"]);
  expect(await names("p*:*b")).toEqual(["public:bb"]);
  expect(await names("public:b*b*b")).toEqual([]);
  expect(await names("public")).toEqual([]);
  expect(await refusal("channels", { pattern: "[a-z]" })).toBe(107);
  last.subscription.unsubscribe();
  await bob.presenceStats("public:a");
  expect(await names()).toEqual(["public:a"]);
});

describe("several at once", () => {
  test("a broadcast answers for each channel", async () => {
    await begin();
    const data = { any: "thing" };
    const { result } = await ask("broadcast", { channels: ["public:a", "nowhere", "lobby"], data });
    expect(result?.["responses"]).toMatchObject([{ result: { offset: 1 } }, { error: { code: 102 } }, { result: {} }]);
    expect(await served.tide.channel(open, { name: "a" }).history(9)).toMatchObject([{ data }]);
    for (const channels of [[], "public:a", [1], undefined, Array<string>(1_001).fill("lobby")]) {
      expect(await refusal("broadcast", { channels, data })).toBe(107);
    }
    const nothing = await ask("broadcast", { channels: ["public:a"] });
    expect(nothing.result?.["responses"]).toMatchObject([{ error: { code: 107 } }]);
  });

  test.each([false, true])("a batch answers for each command, in their order (parallel: %s)", async (parallel) => {
    await begin();
    const commands = [
      { publish: { channel: "public:a", data: 1 } },
      { history: { channel: "public:a", limit: 9 } },
      { nothing: {} },
      { batch: { commands: [] } },
      { publish: { channel: "nowhere", data: 1 } },
      null,
      {},
    ];
    const { replies = [] } = await ask("batch", { commands, parallel });
    expect(replies).toMatchObject([
      { publish: { offset: 1 } },
      { history: {} },
      { error: { code: 104 } },
      { error: { code: 104 } },
      { error: { code: 102 } },
      { error: { code: 104 } },
      { error: { code: 104 } },
    ]);
    if (!parallel) expect(replies[1]?.["history"]).toMatchObject({ publications: [{ data: 1 }], offset: 1 });
    for (const wrong of [{}, { publish: {} }, Array(101).fill({ info: {} })]) {
      expect(await refusal("batch", { commands: wrong })).toBe(107);
    }
  });

  test("a batch by channel goes on with a channel only as long as nothing is refused there", async () => {
    await begin();
    const publish = (channel: string, data: number, idempotency_key?: string): object => ({
      publish: { channel, data, idempotency_key },
    });
    const commands = [
      publish("public:a", 1),
      publish("public:a", 2, ""),
      publish("public:b", 3),
      publish("public:a", 4),
      publish("public:b", 5),
    ];
    const by_channel = true;
    const { replies = [] } = await ask("batch", { commands, parallel: true, by_channel });
    const refused = { error: { code: 107 } };
    const [first, second] = [{ publish: { offset: 1 } }, { publish: { offset: 2 } }];
    expect(replies).toMatchObject([first, refused, first, refused, second]);
    const { result } = await ask("history", { channel: "public:b", limit: 9 });
    expect(result).toMatchObject({ publications: [{ data: 3 }, { data: 5 }] });
  });
});

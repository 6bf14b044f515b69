// Keys that every object has: as names they are names like others, as data they are data, in commands they are nothing.
import { createClient } from "@tidewire/client";
import { defineChannel } from "@tidewire/protocol";
import { tokenOf, tokenSecret } from "@tidewire/server/testing";
import { Centrifuge as ProtobufCentrifuge } from "centrifuge/build/protobuf";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import WebSocket from "ws";
import { engineNames, engines } from "../engines.ts";
import { serve, type Served } from "../serving.ts";
import { talk, type Talk } from "../talk.ts";

const names = ["__proto__", "constructor", "prototype", "toString"];
const history = { history: { size: 100, ttlMs: 300_000 }, presence: true } as const;
const anything = defineChannel("{name}", history);
const tables = defineChannel("table:{name}", {
  mode: "latest",
  key: (value) => String((value as { k?: unknown }).k),
});
const apiKey = "the key";

const everyObject = [Object.prototype, Array.prototype, Function.prototype, Map.prototype, String.prototype];
let before: (readonly PropertyKey[])[];

beforeEach(() => {
  before = everyObject.map((prototype) => Reflect.ownKeys(prototype));
});

afterEach(() => {
  expect(everyObject.map((prototype) => Reflect.ownKeys(prototype))).toEqual(before);
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

/** Each name, as JSON that has it as its own key: `JSON.stringify` of a literal would leave `__proto__` out. */
const poison = `{${names.map((name) => `"${name}":{"polluted":true}`).join(",")}}`;

async function speaker({ socketUrl }: Served, connect = "{}"): Promise<Talk> {
  const opened = await talk(`${socketUrl}/connection/websocket`);
  opened.send(`{"id":1,"connect":${connect}}`);
  return opened;
}

async function asked(opened: Talk, command: string): Promise<unknown> {
  opened.send(command);
  return JSON.parse(String(await opened.next()));
}

describe.each(engineNames)("with the engine %s", (engine) => {
  const served = (): Promise<Served> => serve({ channels: [tables, anything], apiKey, ...engines[engine]() });

  test.each(names)("a channel may be called %s, in JSON, Protobuf, raw and by the API", async (channel) => {
    const node = await served();
    const opened = await speaker(node);
    await opened.next();
    expect(await asked(opened, JSON.stringify({ id: 2, subscribe: { channel } }))).toMatchObject({
      id: 2,
      subscribe: {},
    });
    const raw = await talk(`${node.socketUrl}/raw/${channel}`);
    const protobuf = new ProtobufCentrifuge(`${node.socketUrl}/connection/websocket`, { websocket: WebSocket });
    onTestFinished(() => protobuf.disconnect());
    protobuf.connect();
    await protobuf.publish(channel, new TextEncoder().encode("1"));
    expect(await raw.next()).toBe("1");
    expect(JSON.parse(String(await opened.next()))).toMatchObject({ push: { channel, pub: { data: 1, offset: 1 } } });
    const presence = (await protobuf.presence(channel)).clients;
    expect(Object.keys(presence)).toHaveLength(2);
    expect((await protobuf.history(channel, { limit: 10 })).publications).toHaveLength(1);
    const response = await fetch(`${node.httpUrl}/api/channels`, {
      method: "POST",
      headers: { "x-api-key": apiKey },
      body: "{}",
    });
    const { result } = (await response.json()) as { result: { channels: object } };
    expect(Object.entries(result.channels)).toEqual([[channel, { num_clients: 2 }]]);
    await Promise.all([opened.close(), raw.close()]);
  });

  test("so may the keys of a table, the keys of publishes, and a user", async () => {
    const node = await served();
    const client = createClient({ url: `${node.socketUrl}/connection/websocket` });
    onTestFinished(() => client.close());
    client.connect();
    const seen: unknown[] = [];
    const channel = client.channel("table:a");
    channel.onPublication(({ data }) => seen.push(data));
    channel.open();
    for (const k of names) await node.tide.channel(tables, { name: "a" }).publish({ k, n: 1 });
    await expect.poll(() => seen.length).toBe(names.length);
    const late = await speaker(node);
    await late.next();
    late.send('{"id":2,"subscribe":{"channel":"table:a"}}');
    const lines = (await late.take(1 + names.length)).map((line) => JSON.parse(String(line)) as Line);
    expect(lines.slice(1).map(({ push }) => [push?.pub.tags["tide.key"], push?.pub.data.n])).toEqual(
      names.map((name) => [name, 1]),
    );
    for (const key of names) {
      const data = `{"channel":"once","data":1,"key":"${key}"}`;
      const command = `{"id":3,"rpc":{"method":"tide.publish","data":${data}}}`;
      expect(await asked(late, command)).toMatchObject({ rpc: { data: { duplicate: false } } });
      expect(await asked(late, command)).toMatchObject({ rpc: { data: { duplicate: true } } });
    }
    await late.close();
  });

  test("in data they arrive as they were sent, in every form", async () => {
    const node = await served();
    const opened = await speaker(node);
    await opened.next();
    await asked(opened, '{"id":2,"subscribe":{"channel":"a"}}');
    const raw = await talk(`${node.socketUrl}/raw/a`);
    raw.send(poison);
    expect(await raw.next()).toBe(poison);
    expect(await opened.next()).toContain(`"data":${poison}`);
    const published = await fetch(`${node.httpUrl}/api/publish`, {
      method: "POST",
      headers: { "x-api-key": apiKey },
      body: `{"channel":"a","data":${poison},"tags":{"__proto__":"x","constructor":"y"}}`,
    });
    expect(published.status).toBe(200);
    expect(await raw.next()).toBe(poison);
    expect(await opened.next()).toMatch(/"tags":\{"__proto__":"x","constructor":"y"\}/);
    expect(await asked(opened, '{"id":3,"history":{"channel":"a","limit":1,"reverse":true}}')).toMatchObject({
      history: { publications: [{ offset: 2 }] },
    });
    await Promise.all([opened.close(), raw.close()]);
  });
});

interface Line {
  readonly push?: { readonly pub: { readonly data: { readonly n: number }; readonly tags: Record<string, string> } };
}

describe("in commands they are nothing", () => {
  const plain = (): Promise<Served> => serve({ channels: [anything], apiKey });

  test.each([
    ["a command's method", `{"id":2,"__proto__":{"subscribe":{"channel":"a"}}}`],
    ["a command's number", `{"__proto__":{"id":2},"subscribe":{"channel":"a"}}`],
    ["a command's channel", `{"id":2,"subscribe":{"__proto__":{"channel":"a"}}}`],
    ["a method that objects have", `{"id":2,"constructor":{},"toString":{}}`],
    ["a mark", `{"__proto__":{"mark":1}}`],
  ])("%s is not found there: 3501", async (_name, command) => {
    const opened = await speaker(await plain());
    await opened.next();
    opened.send(command);
    expect((await opened.closed).code).toBe(3501);
  });

  test.each(["__proto__", "constructor", "prototype"])("beside what is meant %s is refused with 3501", async (key) => {
    const node = await plain();
    for (const command of [
      `{"id":2,"subscribe":{"channel":"a","${key}":{"token":"x"}}}`,
      `{"id":2,"publish":{"channel":"a","data":1},"${key}":{}}`,
      `{"id":2,"publish":{"channel":"a","data":1,"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}":{}}}`,
    ]) {
      const opened = await speaker(node);
      await opened.next();
      opened.send(command);
      expect(await opened.closed).toMatchObject({ code: 3501, reason: expect.stringContaining(key) as string });
    }
  });

  test("below that they are passed over", async () => {
    const node = await plain();
    const opened = await speaker(node);
    await opened.next();
    const paused = '{"paused":true,"rate":99,"key":"x"}';
    const keys = names.map((name) => `"${name}":${paused}`).join(",");
    const subscribed = await asked(opened, `{"id":2,"subscribe":{"channel":"a","tide":{${keys}}}}`);
    expect(subscribed).toMatchObject({ id: 2, subscribe: { recoverable: true } });
    const published = `{"id":3,"rpc":{"method":"tide.publish","data":{"channel":"b","data":1,${keys}}}}`;
    for (const offset of [1, 2]) {
      expect(await asked(opened, published)).toMatchObject({ rpc: { data: { offset, duplicate: false } } });
    }
    // It is not at rest.
    await node.tide.channel(anything, { name: "a" }).publish(2);
    expect(JSON.parse(String(await opened.next()))).toMatchObject({ push: { channel: "a", pub: { data: 2 } } });
    await opened.close();
  });

  test.each(names)("nobody can call %s, nor ask the API for it", async (method) => {
    const node = await plain();
    const opened = await speaker(node);
    await opened.next();
    expect(await asked(opened, `{"id":2,"rpc":{"method":"${method}","data":${poison}}}`)).toMatchObject({
      error: { code: 108 },
    });
    expect(await asked(opened, `{"id":2,"rpc":{"method":"tide.${method}","data":{"channel":"a"}}}`)).toMatchObject({
      error: { code: 104 },
    });
    const api = (path: string, body: string): Promise<Response> =>
      fetch(`${node.httpUrl}/api/${path}`, { method: "POST", headers: { "x-api-key": apiKey }, body });
    expect((await api(method, poison)).status).toBe(404);
    const batch = (await (await api("batch", `{"commands":[{"${method}":${poison}}]}`)).json()) as object;
    expect(batch).toMatchObject({ replies: [{ error: { code: 104 } }] });
    expect(await (await api("publish", `{"__proto__":{"channel":"a","data":1}}`)).json()).toMatchObject({
      error: { code: 107 },
    });
    await opened.close();
  });

  test("in an address they are no options", async () => {
    const { httpUrl } = await plain();
    const query = names.map((name) => `${name}=1&${name}[polluted]=1&${name}.polluted=1`).join("&");
    const stream = await fetch(`${httpUrl}/raw/a?${query}`, { headers: { accept: "text/event-stream" } });
    expect(stream.status).toBe(200);
    await stream.body?.cancel();
    const published = await fetch(`${httpUrl}/raw/a?${query}`, { method: "POST", body: "1" });
    expect(await published.json()).toMatchObject({ offset: 1 });
  });
});

test("a token's claims are data too", async () => {
  const node = await serve({ channels: [anything], tokens: { secret: tokenSecret }, mode: "production" });
  const [subs, info] = [JSON.parse('{"__proto__":{},"constructor":{}}') as object, JSON.parse(poison) as object];
  const token = tokenOf({ sub: "__proto__", subs, info, channels: ["prototype"] });
  const opened = await speaker(node, JSON.stringify({ token }));
  const text = String(await opened.next());
  const { connect } = JSON.parse(text) as { connect: { subs: object } };
  expect(Object.keys(connect.subs).toSorted()).toEqual(["__proto__", "constructor", "prototype"]);
  const presence = (await asked(opened, '{"id":2,"presence":{"channel":"__proto__"}}')) as {
    presence: { presence: Record<string, { user: string; conn_info: object }> };
  };
  const [member] = Object.values(presence.presence.presence);
  expect(member?.user).toBe("__proto__");
  expect(Object.keys(member?.conn_info ?? {})).toEqual(names);
  await opened.close();
});

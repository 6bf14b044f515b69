// Channel names made to be something else where they are used: patterns, paths, statements, ends of lines.
import fc from "fast-check";
import { createClient } from "@tidewire/client";
import { defineChannel } from "@tidewire/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { engineNames, engines } from "../engines.ts";
import { openStream } from "../event-stream-client.ts";
import { serve, type Served } from "../serving.ts";
import { talk } from "../talk.ts";

const anything = defineChannel("{name}", { history: { size: 10, ttlMs: 300_000 }, presence: true });
const apiKey = "the key";

const hostile = [
  "*",
  ">",
  "a.*",
  "a.>",
  "{}",
  "{a}",
  "{name}",
  "a{b}c",
  "[a-z]",
  "a?",
  "a\\*",
  "%",
  "%%",
  "%2F",
  "%252F",
  "%00",
  "..",
  "../a",
  "a/../b",
  "/",
  "//",
  "/a",
  "a/",
  "a/presence",
  "/presence",
  "?",
  "#",
  "?a=b",
  "a#b",
  "a&b",
  "+",
  " ",
  " a",
  "a ",
  "'",
  "' OR '1'='1",
  "'; DROP TABLE log; --",
  '"',
  '","x"',
  "`",
  "$",
  "$(id)",
  "a\u00a0b",
  "\u00fc",
  "u\u0308",
  "日本",
  "👋",
  "\u202egnp",
  "\ufeff",
  "__proto__",
  "null",
  "0",
  "-1",
  "1e999",
  "id= 1",
  "data",
  "retry",
  "\\n",
  "\\u0000",
  "\\r\\ndata",
  "A",
  "a",
  "İ",
  "i̇",
];

const others = fc.stringMatching(/^[ -9;-~]{1,20}$/);

async function read({ httpUrl }: Served, method: string, parameters: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${httpUrl}/api/${method}`, {
    method: "POST",
    headers: { "x-api-key": apiKey },
    body: JSON.stringify(parameters),
  });
  return ((await response.json()) as { result: Record<string, unknown> }).result;
}

const dataOf = (result: Record<string, unknown>): unknown[] =>
  (result["publications"] as readonly { data: unknown }[]).map(({ data }) => data);

describe.each(engineNames)("with the engine %s", (engine) => {
  const served = (): Promise<Served> => serve({ channels: [anything], apiKey, ...engines[engine]() });

  test("each name is one channel, and has what was published there alone", async () => {
    const node = await served();
    const check = async (names: readonly string[]): Promise<void> => {
      for (const channel of names) await node.tide.channel(anything, { name: channel }).publish(`in ${channel}`);
      for (const channel of names) {
        expect(dataOf(await read(node, "history", { channel, limit: 10 }))).toContain(`in ${channel}`);
        expect(new Set(dataOf(await read(node, "history", { channel, limit: 10 })))).toEqual(
          new Set([`in ${channel}`]),
        );
      }
    };
    await check(hostile);
    await fc.assert(fc.asyncProperty(fc.array(others, { minLength: 2, maxLength: 4 }), check), { numRuns: 10 });
  });

  test("each reaches its readers by every door, and no other's", async () => {
    const node = await served();
    const client = createClient({ url: `${node.socketUrl}/connection/websocket` });
    onTestFinished(() => client.close());
    client.connect();
    const told = new Map<string, unknown[]>();
    for (const name of hostile) {
      const channel = client.channel(name);
      const heard: unknown[] = [];
      told.set(name, heard);
      channel.onPublication(({ data }) => heard.push(data));
      channel.open();
    }
    await expect.poll(() => node.tide.stats().subscriptions).toBe(hostile.length);
    for (const [n, name] of hostile.entries()) {
      // A path that is dots alone is none, in any writing.
      if (/^\.{1,2}$/.test(name)) {
        await node.tide.channel(anything, { name }).publish({ n });
        continue;
      }
      const raw = await talk(`${node.socketUrl}/raw/${encodeURIComponent(name)}`);
      const stream = await openStream(node.port, `/raw/${encodeURIComponent(name)}`);
      raw.send(`{"n":${n}}`);
      expect(await raw.next()).toBe(`{"n":${n}}`);
      await stream.until(({ events }) => events.length > 0);
      expect(stream.data()).toEqual([`{"n":${n}}`]);
      stream.socket.destroy();
      await raw.close();
    }
    await expect.poll(() => [...told.values()].every((heard) => heard.length === 1)).toBe(true);
    expect([...told.values()]).toEqual(hostile.map((_, n) => [{ n }]));
  });
});

test("in a pattern of the server API a star is the only character that stands for others", async () => {
  const node = await serve({ channels: [anything], apiKey });
  const opened = await talk(`${node.socketUrl}/connection/websocket`);
  const subscribes = hostile.map((channel, n) => JSON.stringify({ id: n + 2, subscribe: { channel } }));
  opened.send(['{"id":1,"connect":{}}', ...subscribes.slice(0, 60)].join("\n"));
  await opened.take(1 + Math.min(60, hostile.length));
  for (const pattern of hostile.slice(0, 60)) {
    const result = await read(node, "channels", { pattern });
    if (/[?[\]{}\\!]/.test(pattern)) expect(result, pattern).toBeUndefined();
    else if (!pattern.includes("*")) expect(Object.keys(result["channels"] as object)).toEqual([pattern]);
  }
  await opened.close();
});

// `/metrics` over real HTTP: who may read it, and that each figure is what happened.
import { request } from "node:http";
import { defineCall } from "@tidewire/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { families, latencies } from "../packages/server/src/http/metric-families.ts";
import { openStream } from "./event-stream-client.ts";
import { voice } from "./limits/voice.ts";
import { ask, post } from "./requesting.ts";
import { lobby, open, serve, type Served } from "./serving.ts";
import { talk } from "./talk.ts";

const apiKey = "a-key-of-the-server-api";
let served: Served;

beforeEach(async () => {
  served = await serve({
    apiKey,
    access: { connect: ({ data }) => ({ user: (data as { user?: string } | undefined)?.user ?? "" }) },
  });
  served.tide.handle(defineCall("echo"), (input) => input);
});

/** Every sample of the page, by its name and labels as they are written. */
async function page({ httpUrl }: Served = served): Promise<ReadonlyMap<string, number>> {
  const { status, body } = await ask(`${httpUrl}/metrics`, { headers: { "X-API-Key": apiKey } });
  expect(status).toBe(200);
  const lines = String(body)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

/** What a sample is once it is not what it was, since ends of connections are told a moment later. */
const becomes = (sample: string, value: number): Promise<void> =>
  expect.poll(async () => (await page()).get(sample), { timeout: 5_000 }).toBe(value);

describe("who may read it", () => {
  const status = (headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const asking = request(`${served.httpUrl}/metrics`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asking.once("error", reject).end();
    });

  test("in development this machine, and nobody who speaks for others", async () => {
    expect(await status({})).toBe(200);
    expect(await status({ Host: "localhost:8080" })).toBe(200);
    expect(await status({ Host: "[::1]:8080" })).toBe(200);
    for (const name of ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
      expect(await status({ [name]: "x" })).toBe(401);
    for (const Host of ["evil.example", "evil.example:8080", "127.0.0.1.evil.example"])
      expect(await status({ Host })).toBe(401);
    expect(await status({ Host: "evil.example", "X-API-Key": apiKey })).toBe(200);
  });

  test("in production whoever has the key", async () => {
    await served.stop();
    served = await serve({ apiKey, mode: "production" });
    expect([await status({}), await status({ "X-API-Key": "another" })]).toEqual([401, 401]);
    expect([await status({ Authorization: "Bearer another" }), await status({ Authorization: apiKey })]).toEqual([
      401, 401,
    ]);
    expect([await status({ "X-API-Key": apiKey }), await status({ Authorization: `Bearer ${apiKey}` })]).toEqual([
      200, 200,
    ]);
  });

  test("nobody in production where there is no key", async () => {
    await served.stop();
    served = await serve({ mode: "production" });
    expect([
      await status({}),
      await status({ "X-API-Key": "" }),
      await status({ Authorization: "Bearer undefined" }),
    ]).toEqual([401, 401, 401]);
  });

  test("by GET alone, and as text that nobody keeps", async () => {
    expect((await post(`${served.httpUrl}/metrics`, "")).status).toBe(405);
    const { headers } = await ask(`${served.httpUrl}/metrics`);
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect([headers.get("cache-control"), headers.get("access-control-allow-origin")]).toEqual(["no-store", null]);
  });
});

test("every figure is there from the beginning, with help and kind, and is a number", async () => {
  const { body } = await ask(`${served.httpUrl}/metrics`);
  for (const { name, kind, help, samples } of families) {
    expect(body).toContain(`# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n`);
    const lines = String(body)
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    expect([name, lines.length]).toEqual([name, samples.length]);
  }
  for (const { name } of latencies) expect(body).toContain(`# TYPE ${name} histogram\n`);
  for (const name of ["process_cpu_seconds_total", "nodejs_eventloop_lag_seconds"])
    expect(body).toContain(`\n${name} `);
  // Node's own may be none yet: the event loop has no delays before it has turned.
  const ours = [...(await page())].filter(([sample]) => sample.startsWith("tidewire_"));
  for (const [sample, value] of ours) expect([sample, Number.isNaN(value)]).toEqual([sample, false]);
});

test("no counter is without a figure", async () => {
  const client = await voice(served, "JSON");
  await client.codes(
    { subscribe: { channel: "lobby" } },
    { rpc: { method: "nothing" } },
    { publish: { channel: "lobby", data: 1 } },
  );
  client.talk.send("no JSON");
  await client.closed;
  const read = new Set<string>();
  const counters = new Proxy({}, { get: (_, name) => (read.add(String(name)), 0) });
  const zero = { sessions: 0, channels: 0, subscriptions: 0, members: 0, queued: 0, tailBytes: 0, isEngineUp: true };
  for (const { samples } of families) for (const sample of samples) sample.read({ ...zero, counters });
  const counted = Object.keys(served.tide.stats().counters);
  expect(counted.length).toBeGreaterThan(10);
  expect(counted.filter((name) => !read.has(name))).toEqual([]);
});

test("connections, subscriptions, publications and deliveries", async () => {
  const speakers = [await voice(served, "JSON"), await voice(served, "Protobuf")];
  for (const speaker of speakers) await speaker.codes({ subscribe: { channel: "public:a" } });
  const bare = await talk(`${served.socketUrl}/raw/public:a`);
  const stream = await openStream(served.port, "/raw/public:a");
  await talk(`${served.socketUrl}/echo`);
  await becomes("tidewire_subscriptions", 4);
  const before = await page();
  for (const dialect of ["centrifuge-json", "centrifuge-protobuf", "raw-websocket", "raw-events", "echo"]) {
    expect(before.get(`tidewire_connections{dialect="${dialect}"}`)).toBe(1);
  }
  expect([before.get("tidewire_sessions"), before.get("tidewire_members"), before.get("tidewire_channels")]).toEqual([
    4, 4, 1,
  ]);
  for (let n = 0; n < 5; n += 1) await post(`${served.httpUrl}/raw/public:a`, `{"n":${n}}`);
  await bare.take(5);
  await becomes("tidewire_deliveries_total", 20);
  const after = await page();
  const grown = (sample: string): number => (after.get(sample) ?? 0) - (before.get(sample) ?? 0);
  expect(grown("tidewire_publications_total")).toBe(5);
  expect(grown('tidewire_connections_opened_total{dialect="raw-request"}')).toBe(5);
  expect([grown("tidewire_received_messages_total"), grown("tidewire_received_bytes_total")]).toEqual([5, 35]);
  expect(grown("tidewire_sent_bytes_total")).toBeGreaterThan(20 * 7);
  expect(grown("tidewire_writes_total")).toBeGreaterThan(0);
  expect([
    grown("tidewire_engine_publish_seconds_count"),
    grown('tidewire_engine_publish_seconds_bucket{le="+Inf"}'),
  ]).toEqual([5, 5]);
  await becomes('tidewire_connections{dialect="raw-request"}', 0);
  await bare.close();
  stream.socket.destroy();
  await becomes('tidewire_connections{dialect="raw-websocket"}', 0);
  await becomes('tidewire_connections{dialect="raw-events"}', 0);
  await becomes("tidewire_subscriptions", 2);
});

test("ends, by whom and why", async () => {
  const ended = (reason: string, code: string): string =>
    `tidewire_connections_closed_total{reason="${reason}",code="${code}"}`;
  await (await voice(served, "JSON")).talk.close();
  await becomes(ended("client", ""), 1);
  const lost = await voice(served, "JSON");
  (lost.talk.socket as unknown as { terminate: () => void }).terminate();
  await becomes(ended("lost", ""), 1);
  const mistaken = await voice(served, "Protobuf");
  mistaken.talk.send(new Uint8Array([255]));
  await mistaken.closed;
  await becomes(ended("bad_request", "3501"), 1);
  expect((await post(`${served.httpUrl}/raw/public:a`, "x")).status).toBe(200);
  await becomes(ended("answered", ""), 1);
  expect((await post(`${served.httpUrl}/raw/nowhere`, "x")).status).toBe(404);
  expect((await (await talk(`${served.socketUrl}/raw/nowhere`)).closed).code).toBe(4400);
  await becomes(ended("error", ""), 2);
  const large = await talk(`${served.socketUrl}/echo`);
  large.send("x".repeat(70_000));
  await large.closed;
  await becomes(ended("protocol", ""), 1);
  const cut = await talk(`${served.socketUrl}/raw/lobby`);
  await expect.poll(() => served.tide.channel(lobby).members().length).toBe(1);
  served.tide.cut(served.tide.channel(lobby).members()[0]?.session ?? "");
  await cut.closed;
  await becomes(ended("cut", ""), 1);
  const sum = async (name: string): Promise<number> =>
    [...(await page())].filter(([sample]) => sample.startsWith(`${name}{`)).reduce((all, [, count]) => all + count, 0);
  await expect.poll(() => sum("tidewire_connections")).toBe(0);
  expect([await sum("tidewire_connections_closed_total"), await sum("tidewire_connections_opened_total")]).toEqual([
    8, 8,
  ]);
});

test("errors, recoveries, calls and history", async () => {
  const client = await voice(served, "JSON");
  const subscribe = (offset: number): object => ({
    subscribe: { channel: "public:a", recover: true, epoch: "elsewhere", offset },
  });
  await served.tide.channel(open, { name: "a" }).publish(1);
  expect(await client.codes({ subscribe: { channel: "nowhere" } }, { rpc: { method: "nothing" } })).toEqual([102, 108]);
  await client.codes(subscribe(7) as never, { rpc: { method: "echo", data: 1 } });
  const another = await voice(served, "JSON");
  const { position } = await served.tide.channel(open, { name: "a" }).publish(2);
  await another.codes({ subscribe: { channel: "public:a", recover: true, ...position } });
  await becomes("tidewire_calls_running", 0);
  const now = await page();
  expect(now.get('tidewire_request_errors_total{reason="unknown_channel",code="102"}')).toBe(1);
  expect(now.get('tidewire_request_errors_total{reason="not_available",code="108"}')).toBe(1);
  expect(now.get('tidewire_recoveries_total{recovered="false"}')).toBe(1);
  expect(now.get('tidewire_recoveries_total{recovered="true"}')).toBe(1);
  expect(now.get("tidewire_calls_total")).toBe(1);
  expect(now.get("tidewire_engine_read_seconds_count")).toBeGreaterThan(0);
});

test("nothing that a client says is on the page, in a name or a label", async () => {
  const canary = 'canary\n{evil="1"} 1';
  const client = await voice(served, "JSON", { user: canary });
  await client.codes(
    { subscribe: { channel: `public:${canary}` } },
    { subscribe: { channel: "public:canary" } },
    { rpc: { method: canary, data: canary } },
    { publish: { channel: "lobby", data: canary } },
  );
  await ask(`${served.httpUrl}/raw/canary`, { headers: { Accept: "text/event-stream" } });
  await ask(`${served.httpUrl}/raw/lobby`, { method: "canary".toUpperCase() }).catch(() => undefined);
  const { body } = await ask(`${served.httpUrl}/metrics`);
  expect(String(body).toLowerCase()).not.toContain("canary");
  expect(served.tide.channel(lobby).name).toBe("lobby");
});

test("those who look at once see the same", async () => {
  const looks = await Promise.all(Array.from({ length: 8 }, () => page()));
  const figures = looks.map((look) => [...look].filter(([name]) => name.startsWith("tidewire_")));
  for (const look of figures) expect(look).toEqual(figures[0]);
});

test("figures are of one node, those of the process the same for all", async () => {
  await voice(served, "JSON");
  const another = await serve({ apiKey });
  expect((await page()).get("tidewire_sessions")).toBe(1);
  const other = await page(another);
  expect([other.get("tidewire_sessions"), other.has("process_cpu_seconds_total")]).toEqual([0, true]);
});

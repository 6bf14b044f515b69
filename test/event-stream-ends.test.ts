// How event streams end: refused, sent away, or with their server; and what an EventSource makes of each.
import { expect, describe, test } from "vitest";
import { FakeClock } from "../packages/server/src/testing/fake-clock.ts";
import { openStream, requestStream } from "./event-stream-client.ts";
import { open, serve, type Served } from "./serving.ts";

const browser = { "User-Agent": "Mozilla/5.0 (X11; Linux x86_64)" };

const published = async ({ tide }: Served, from: number, to: number): Promise<void> => {
  const channel = tide.channel(open, { name: "a" });
  for (let n = from; n <= to; n += 1) await channel.publish(n);
};
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

describe("more than there may be", () => {
  test("one connection above the limit is refused, and taken when another has gone", async () => {
    const { port, tide } = await serve({ limits: { connections: 3 } });
    const three = await Promise.all([1, 2, 3].map(() => openStream(port, "/raw/lobby")));
    const refused = await requestStream(port, "/raw/lobby");
    await refused.until(({ head }) => head !== "");
    expect(refused.status).toBe(503);
    expect(refused.head.toLowerCase()).toContain("retry-after: 5");
    three[0]?.socket.destroy();
    await expect.poll(() => tide.stats().connections).toBe(2);
    await openStream(port, "/raw/lobby");
    expect(tide.stats().counters["connections_refused"]).toBe(1);
  });

  test("a browser's EventSource, which no status but 200 would bring back, is told when to come", async () => {
    const { port } = await serve({ limits: { connections: 1 } });
    await openStream(port, "/raw/lobby");
    for (const headers of [browser, { "Sec-Fetch-Mode": "cors" }]) {
      const client = await requestStream(port, "/raw/lobby", { headers });
      await client.ended;
      expect(client.status).toBe(200);
      expect(client.parser.retryMs).toBeGreaterThanOrEqual(5_000);
      expect(client.parser.retryMs).toBeLessThanOrEqual(15_000);
      expect(client.events.map(({ type, data }) => [type, JSON.parse(data) as unknown])).toEqual([
        ["end", { error: { code: 529, message: "too many connections (connections)" } }],
      ]);
    }
  });

  test("so is one whose rule failed for now", async () => {
    const access = { subscribe: () => Promise.reject(new Error("the database is away")) };
    const { port } = await serve({ access });
    const client = await requestStream(port, "/raw/lobby", { headers: browser });
    await client.ended;
    expect([client.status, client.data("end")]).toEqual([
      200,
      ['{"error":{"code":100,"message":"internal server error"}}'],
    ]);
    const program = await requestStream(port, "/raw/lobby");
    await program.until(({ head }) => head !== "");
    expect(program.status).toBe(500);
  });

  test("what will not change is a status to a browser too", async () => {
    const { port } = await serve({ access: { subscribe: () => false } });
    const client = await requestStream(port, "/raw/lobby", { headers: browser });
    await client.until(({ head }) => head !== "");
    expect(client.status).toBe(403);
  });
});

describe("the end", () => {
  test("the server stops: said by name, and the client comes back after the time it was told", async () => {
    const served = await serve();
    const client = await openStream(served.port, "/raw/public:a");
    expect(client.parser.retryMs).toBeGreaterThanOrEqual(1_000);
    expect(client.parser.retryMs).toBeLessThanOrEqual(5_000);
    await published(served, 1, 1);
    await served.stop();
    await client.ended;
    expect(client.events.map(({ type, data }) => `${type} ${data}`)).toEqual([
      "message 1",
      'end {"error":{"code":3001,"message":"shutdown"}}',
    ]);
    expect(client.parser.lastEventId).toMatch(/:1$/);
  });

  test.each(["/raw/public:a", "/connection/uni_sse"])(
    "the server goes for long: %s is told to come back when it has gone",
    async (path) => {
      const clock = new FakeClock({ defer: (act) => void setImmediate(act) });
      const { tide, port } = await serve({ clock });
      const client = await openStream(port, path);
      // Each has its tenth of a second.
      const others = 59;
      await Promise.all(Array.from({ length: others }, () => openStream(port, "/raw/lobby")));
      const stopping = tide.stop({ drainMs: 20_000 });
      await client.ended;
      for (let gone = 0; gone <= others; gone += 1) {
        clock.advance(100);
        await new Promise<void>((resolve) => void setImmediate(resolve));
      }
      await stopping;
      expect(client.parser.retryMs).toBeGreaterThanOrEqual(6_000);
      expect(client.parser.retryMs).toBeLessThanOrEqual(11_000);
    },
  );

  test("the server stops: one that was not decided yet is refused, and a slow one gets what it was owed", async () => {
    const { promise: never } = Promise.withResolvers<{ user: string }>();
    const access = { connect: ({ url }: { url: string }) => (url.includes("lobby") ? never : { user: "" }) };
    const served = await serve({ access });
    const undecided = await requestStream(served.port, "/raw/lobby");
    const slow = await openStream(served.port, "/raw/public:a");
    slow.socket.pause();
    const channel = served.tide.channel(open, { name: "a" });
    for (let n = 0; n < 50; n += 1) await channel.publish(`${n} ${"x".repeat(1_000)}`);
    await expect.poll(() => served.tide.stats()).toMatchObject({ connections: 2, sessions: 1 });
    await served.tide.stop({ drainMs: 1 });
    slow.socket.resume();
    await Promise.all([slow.ended, undecided.ended]);
    expect(undecided.status).toBe(503);
    expect(slow.data()).toHaveLength(50);
    expect(slow.data("end")).toHaveLength(1);
  });

  test("the server sends one away: the reason is said, what came before it too", async () => {
    const served = await serve();
    const client = await openStream(served.port, "/raw/public:a");
    const [member] = served.tide.channel(open, { name: "a" }).members();
    await published(served, 1, 3);
    served.tide.disconnect(member?.session ?? ("" as never), false);
    await client.ended;
    expect(client.data()).toEqual(numbers(1, 3));
    expect(client.data("end")).toEqual(['{"error":{"code":3503,"message":"force disconnect"}}']);
    await expect.poll(() => served.tide.stats()).toMatchObject({ connections: 0, sessions: 0 });
  });
});

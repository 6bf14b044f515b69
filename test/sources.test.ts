// Sources, rules and calls: what an application's own code is asked, and what becomes of its mistakes.
import { defineCall, defineChannel, TidewireError } from "@tidewire/protocol";
import type { Source, Tidewire } from "@tidewire/server";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { clientOf, connected, listening, sessionOf } from "./centrifuge-client.ts";
import { HeldClock } from "./held-clock.ts";
import { lobby, open, serve } from "./serving.ts";
import { talk } from "./talk.ts";

const feed = defineChannel("feed:{name}", { data: z.number(), history: { size: 100, ttlMs: 60_000 } });
/** `lingerMs` and the first retry of hub/sources.ts. */
const lingerMs = 5_000;
const retryMs = 1_000;

/** Holds the event loop, as a mistake does. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** Resolves when somebody's subscription has its place. */
async function someoneIn(tide: Tidewire): Promise<void> {
  while (tide.stats().counters["subscribed"] === undefined) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
}

describe("a source", () => {
  test("is heard from its first value on by the subscriber that started it", async () => {
    const { tide, socketUrl } = await serve({ channels: [feed] });
    tide.source(feed, async function* () {
      yield 1;
    });
    expect(await (await talk(`${socketUrl}/raw/feed:a`)).next()).toBe("1");
  });

  test("starts with the first subscriber, and stops some seconds after the last", async () => {
    const clock = new HeldClock();
    const { tide, socketUrl } = await serve({ channels: [feed], clock });
    const told: string[] = [];
    tide.source(feed, async function* ({ channel, params, signal, sleep }) {
      told.push(`start ${channel} ${params["name"]}`);
      signal.addEventListener("abort", () => told.push("stop"));
      await someoneIn(tide);
      yield 1;
      while (!signal.aborted) await sleep(60_000);
    });
    expect(told).toEqual([]);
    const first = await talk(`${socketUrl}/raw/feed:a`);
    expect(await first.next()).toBe("1");
    const second = await talk(`${socketUrl}/raw/feed:a`);
    await expect.poll(() => tide.stats().subscriptions).toBe(2);
    await first.close();
    await expect.poll(() => tide.stats().subscriptions).toBe(1);
    expect(clock.held).not.toContain(lingerMs);
    await second.close();
    await expect.poll(() => clock.held).toContain(lingerMs);
    // Somebody comes back in time: it goes on.
    const third = await talk(`${socketUrl}/raw/feed:a`);
    await expect.poll(() => clock.held).not.toContain(lingerMs);
    await third.close();
    await expect.poll(() => clock.held).toContain(lingerMs);
    expect(told).toEqual(["start feed:a a"]);
    expect(clock.pass(lingerMs)).toBe(1);
    expect(told).toEqual(["start feed:a a", "stop"]);
    await talk(`${socketUrl}/raw/feed:a`);
    await expect.poll(() => told).toEqual(["start feed:a a", "stop", "start feed:a a"]);
  });

  test("that throws is logged, and starts again, each time a little later", async () => {
    const clock = new HeldClock();
    const { tide, socketUrl, log } = await serve({ channels: [feed], clock });
    let starts = 0;
    tide.source(feed, async function* () {
      starts += 1;
      await someoneIn(tide);
      yield starts;
      throw new Error(`broken ${starts}`);
    });
    const reader = await talk(`${socketUrl}/raw/feed:a`);
    for (const [index, ms] of [retryMs, 2 * retryMs, 4 * retryMs].entries()) {
      expect(await reader.next()).toBe(String(index + 1));
      await expect.poll(() => clock.held).toContain(ms);
      clock.pass(ms);
    }
    expect(await reader.next()).toBe("4");
    const message = "a source failed; it starts again";
    await expect.poll(() => log.troubles.length).toBe(4);
    expect(log.troubles[1]).toEqual({
      level: "error",
      message,
      fields: { channel: "feed:a", retryMs: 2_000, reason: "broken 2" },
    });
  });

  test("that yields what its channel's schema refuses is logged, and goes on", async () => {
    const { tide, socketUrl, log } = await serve({ channels: [feed] });
    tide.source(feed, async function* () {
      await someoneIn(tide);
      yield "three" as unknown as number;
      yield 4;
    });
    expect(await (await talk(`${socketUrl}/raw/feed:a`)).next()).toBe("4");
    expect(log.troubles).toMatchObject([
      {
        level: "warn",
        message: "a source's value was not published",
        fields: { channel: "feed:a", reason: expect.stringContaining("expected number, received string") as string },
      },
    ]);
  });

  test("that holds the event loop for more than 100 ms is logged by name", async () => {
    const { tide, socketUrl, log } = await serve({ channels: [feed] });
    tide.source(feed, async function* () {
      await someoneIn(tide);
      yield 1;
      block(120);
      yield 2;
      yield 3;
    });
    const reader = await talk(`${socketUrl}/raw/feed:a`);
    expect(await reader.take(3)).toEqual(["1", "2", "3"]);
    expect(log.troubles).toMatchObject([{ level: "warn", fields: { channel: "feed:{name}" } }]);
    expect(log.troubles[0]?.fields["ms"]).toBeGreaterThan(100);
  });

  test("that waits without holding the event loop is nobody's trouble", async () => {
    const clock = new HeldClock();
    const { tide, socketUrl, log } = await serve({ channels: [feed], clock });
    tide.source(feed, async function* () {
      await someoneIn(tide);
      await new Promise<void>((resolve) => {
        setImmediate(() => {
          clock.aheadMs += 150;
          resolve();
        });
      });
      yield 1;
    });
    expect(await (await talk(`${socketUrl}/raw/feed:a`)).next()).toBe("1");
    expect(log.troubles).toEqual([]);
  });

  test("is alone on its channel: clients do not publish there, and a second one is a mistake", async () => {
    const { tide, socketUrl } = await serve({ channels: [feed] });
    const source: Source<number> = async function* () {
      yield 1;
    };
    tide.source(feed, source);
    expect(() => tide.source(feed, source)).toThrow(TypeError);
    await expect((await connected(socketUrl)).publish("feed:a", 2)).rejects.toMatchObject({ code: 103 });
  });
});

describe("rules", () => {
  test("connect sees the upgrade request: a cookie becomes a user", async () => {
    const { socketUrl, tide } = await serve({
      access: {
        connect: async ({ headers, url, address, isLoopback, dialect }) => {
          await Promise.resolve();
          const user = /session=(\w+)/.exec(headers.cookie ?? "")?.[1];
          return user === undefined ? null : { user, info: { url, address, isLoopback, dialect } };
        },
      },
    });
    const headers = { Cookie: "theme=dark; session=ann" };
    const ann = await talk(`${socketUrl}/raw/public:a?from=test`, { headers });
    ann.send("x");
    await ann.next();
    expect(tide.channel(open, { name: "a" }).members()).toMatchObject([
      {
        user: "ann",
        info: { url: "/raw/public:a?from=test", address: "127.0.0.1", isLoopback: true, dialect: "raw/ws" },
      },
    ]);
    expect(await (await talk(`${socketUrl}/raw/public:a`)).closed).toMatchObject({ code: 4403 });
  });

  test("subscribe, publish and call are asked with who and what, synchronous or not", async () => {
    const asked: unknown[] = [];
    const { socketUrl, tide } = await serve({
      channels: [lobby, open],
      access: {
        connect: ({ token }) => ({ user: token, info: { of: token } }),
        subscribe: ({ user, info, channel, params }) => {
          asked.push(["subscribe", user, info, channel, { ...params }]);
          return params["name"] !== "closed";
        },
        publish: async ({ user, channel }) => {
          asked.push(["publish", user, channel]);
          await Promise.resolve();
          return channel === "lobby";
        },
        call: ({ user, method }) => {
          asked.push(["call", user, method]);
          throw new TidewireError({ code: 402 }, "pay first");
        },
      },
    });
    tide.handle(defineCall("work"), () => "done");
    const ann = clientOf(socketUrl, "ws", { token: "ann" });
    ann.connect();
    await listening(ann, "public:a");
    await ann.publish("lobby", 1);
    await expect(ann.publish("public:a", 1)).rejects.toMatchObject({ code: 103 });
    await expect(ann.history("public:closed", { limit: 1 })).rejects.toMatchObject({ code: 103 });
    await expect(ann.rpc("work", null)).rejects.toEqual({ code: 402, message: "pay first", temporary: false });
    expect(asked).toEqual([
      ["subscribe", "ann", { of: "ann" }, "public:a", { name: "a" }],
      ["publish", "ann", "lobby"],
      ["publish", "ann", "public:a"],
      ["subscribe", "ann", { of: "ann" }, "public:closed", { name: "closed" }],
      ["call", "ann", "work"],
    ]);
  });

  test("one that throws tells the client nothing but 100, and the log its reason", async () => {
    const { socketUrl, log } = await serve({
      access: {
        subscribe: () => {
          throw new Error("password of the database: secret");
        },
        publish: () => Promise.reject(new Error("later")),
      },
    });
    const ann = await connected(socketUrl);
    await expect(ann.presence("public:a")).rejects.toMatchObject({ code: 100, message: "internal server error" });
    await expect(ann.publish("public:a", 1)).rejects.toMatchObject({ code: 100, message: "internal server error" });
    expect(log.troubles.map(({ fields }) => fields["reason"])).toEqual(["password of the database: secret", "later"]);
  });

  const neither = [undefined, null, "yes", 1, {}];

  test.each(neither)("one that promises %j does not let in", async (verdict) => {
    const { socketUrl } = await serve({ access: { publish: () => Promise.resolve(verdict as boolean) } });
    await expect((await connected(socketUrl)).publish("lobby", 1)).rejects.toMatchObject({ code: 103 });
  });

  test.for(neither)("nor does one that returns %j", async (verdict) => {
    const rule = (): boolean => verdict as boolean;
    const { socketUrl, tide } = await serve({ access: { subscribe: rule, publish: rule, call: rule } });
    tide.handle(defineCall("work"), () => "done");
    const ann = await connected(socketUrl);
    await expect(ann.presence("public:a")).rejects.toMatchObject({ code: 103 });
    await expect(ann.publish("lobby", 1)).rejects.toMatchObject({ code: 103 });
    await expect(ann.rpc("work", null)).rejects.toMatchObject({ code: 103 });
  });

  test("each that holds the event loop for more than 100 ms is logged by name", async () => {
    const slow = (): true => {
      block(120);
      return true;
    };
    const { socketUrl, log, tide } = await serve({
      access: { connect: () => slow() && { user: "" }, subscribe: slow, publish: slow, call: slow },
    });
    tide.handle(defineCall("work"), slow);
    const ann = await connected(socketUrl);
    await listening(ann, "public:a");
    await ann.publish("lobby", 1);
    await ann.rpc("work", null);
    expect(log.troubles.map(({ fields }) => fields["rule"])).toEqual([
      "connect",
      "subscribe",
      "publish",
      "call",
      "work",
    ]);
  });
});

describe("calls", () => {
  const divide = defineCall("divide", {
    input: z.object({ by: z.number() }),
    output: z.object({ quotient: z.number().finite() }),
  });

  test("are given what their schema yields, and answer what theirs yields", async () => {
    const { tide, socketUrl } = await serve();
    const given: unknown[] = [];
    tide.handle(divide, (input) => {
      given.push(input);
      return { quotient: 12 / input.by, secret: "left out" };
    });
    const ann = await connected(socketUrl);
    expect(await ann.rpc("divide", { by: 4, more: true })).toEqual({ data: { quotient: 3 } });
    expect(given).toEqual([{ by: 4 }]);
    const wrong = { code: 422, message: expect.stringMatching(/by: .*expected number, received string/) as string };
    await expect(ann.rpc("divide", { by: "4" })).rejects.toMatchObject(wrong);
    // What a handler returns is the server's own affair.
    await expect(ann.rpc("divide", { by: 0 })).rejects.toMatchObject({ code: 100 });
    expect(given).toEqual([{ by: 4 }, { by: 0 }]);
  });

  test("fail with codes by name or of the application's own; anything else is 100", async () => {
    const { tide, socketUrl, log } = await serve();
    const failures: readonly (() => never)[] = [
      () => {
        throw new TidewireError("conflict", "taken");
      },
      () => {
        throw new TidewireError({ code: 1999, temporary: true });
      },
      () => {
        throw new Error("a secret");
      },
    ];
    tide.handle(defineCall("fail"), (input) => failures[Number(input)]?.());
    const ann = await connected(socketUrl);
    await expect(ann.rpc("fail", 0)).rejects.toMatchObject({ code: 409, message: "taken" });
    await expect(ann.rpc("fail", 1)).rejects.toMatchObject({ code: 1999, temporary: true });
    await expect(ann.rpc("fail", 2)).rejects.toMatchObject({ code: 100, message: "internal server error" });
    expect(log.troubles.map(({ fields }) => fields["reason"])).toEqual(["a secret"]);
  });

  test.each(["client's close", "cut", "server's disconnect"] as const)("are aborted by the %s", async (way) => {
    const { tide, socketUrl } = await serve();
    const running = Promise.withResolvers<AbortSignal>();
    tide.handle(defineCall("wait"), (_input, { signal }) => {
      running.resolve(signal);
      return new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    const ann = await connected(socketUrl);
    const session = sessionOf(ann);
    const outcome = ann.rpc("wait", null).then(
      () => "answered",
      () => "failed",
    );
    const signal = await running.promise;
    expect(signal.aborted).toBe(false);
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    if (way === "client's close") ann.disconnect();
    else if (way === "cut") tide.cut(session);
    else tide.disconnect(session, false);
    await aborted;
    expect(await outcome).toBe("failed");
  });

  test("a second handler for one method is a mistake at once", async () => {
    const { tide } = await serve();
    tide.handle(divide, () => ({ quotient: 1 }));
    expect(() => tide.handle(divide, () => ({ quotient: 1 }))).toThrow(TypeError);
  });
});

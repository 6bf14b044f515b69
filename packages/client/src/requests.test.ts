// Publishes, calls and reads against a server on a real port: order, waiting, repeating, and what is refused.
import { defineCall, type TidewireError } from "@tidewire/protocol";
import { describe, expect, test } from "vitest";
import type { Json } from "../test/scripted-server.ts";
import { connected, quiet, reaches, setStage, type Stage } from "../test/stage.ts";

const sum = defineCall("sum");

async function failure(promise: Promise<unknown>): Promise<TidewireError> {
  return promise.then(
    () => expect.unreachable("it did not fail"),
    (error: unknown) => error as TidewireError,
  );
}

function published(stage: Stage): readonly Json[] {
  return stage.server
    .all("rpc")
    .filter(({ method }) => method === "tide.publish")
    .map(({ data }) => data as Json);
}

async function breakAndReturn({ client, clock, server }: Stage): Promise<void> {
  server.link.cut();
  await reaches(client, "waiting");
  clock.advance(clock.nextMs ?? 0);
  await reaches(client, "connected");
}

describe("a publish", () => {
  test("carries a key of its own and resolves with the place it got", async () => {
    const stage = await connected(await setStage({ random: Math.random }));
    const channel = stage.client.channel("news");
    stage.server.script = (method) =>
      method === "rpc" ? { rpc: { data: { epoch: "e1", offset: 5, duplicate: true } } } : undefined;
    expect(await channel.publish({ text: "hi" })).toEqual({ position: { epoch: "e1", offset: 5 }, duplicate: true });
    await channel.publish({ text: "hi" });
    await channel.publish({ text: "hi" }, { key: "mine" });
    const keys = published(stage).map(({ key }) => String(key));
    expect(published(stage)[0]).toEqual({ channel: "news", data: { text: "hi" }, key: keys[0] });
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe("mine");
    for (const key of keys) expect(key.length).toBeLessThanOrEqual(64);
  });

  test("without a place resolves with null", async () => {
    const stage = await connected(await setStage());
    stage.server.script = (method) => (method === "rpc" ? { rpc: { data: { epoch: "" } } } : undefined);
    expect(await stage.client.channel("typing").publish(1)).toEqual({ position: null, duplicate: false });
  });

  test("is what it was when publish was called, whatever happens to the object afterwards", async () => {
    const stage = await setStage();
    const draft = { text: "before" };
    const promise = stage.client.channel("news").publish(draft);
    draft.text = "after";
    await connected(stage);
    await promise;
    expect(published(stage)[0]).toMatchObject({ data: { text: "before" } });
  });

  test("whose first attempt may have been done is not rejected by what is said to the second (P3)", async () => {
    const stage = await connected(await setStage());
    stage.server.script = () => "hang";
    const failed = failure(stage.client.channel("news").publish(1));
    const unread = failure(stage.client.channel("news").history({ limit: 1 }));
    await stage.server.hears("history");
    const error = { code: 503, message: "engine unavailable", temporary: true };
    stage.server.script = (method) => (method === "connect" || method === "subscribe" ? undefined : { error });
    await breakAndReturn(stage);
    expect((await failed).reason).toBe("indeterminate");
    expect((await unread).reason).toBe("engine_unavailable");
  });

  test("keeps its order, before the connection and across its end, with the same keys", async () => {
    const stage = await setStage({ random: Math.random });
    const channel = stage.client.channel("news");
    const promises = [channel.publish(1), channel.publish(2)];
    await connected(stage);
    await Promise.all(promises);
    stage.server.script = (method) => (method === "rpc" ? "hang" : undefined);
    const later = [channel.publish(3), channel.publish(4)];
    await stage.server.hears("rpc", 4);
    stage.server.link.cut();
    await reaches(stage.client, "waiting");
    later.push(channel.publish(5));
    stage.server.script = () => undefined;
    stage.clock.advance(1_000);
    await Promise.all(later);
    const heard = published(stage);
    expect(heard.map(({ data }) => data)).toEqual([1, 2, 3, 4, 3, 4, 5]);
    expect(heard.slice(4, 6).map(({ key }) => key)).toEqual(heard.slice(2, 4).map(({ key }) => key));
  });

  test("keeps its order when the connection breaks again in the middle of the backlog", async () => {
    const stage = await setStage({ random: Math.random });
    const { client, clock, server } = stage;
    const channel = client.channel("news");
    server.script = (method) => (method === "rpc" ? "hang" : undefined);
    const all = Array.from({ length: 120 }, (_, number) => channel.publish(number));
    await connected(stage);
    await server.hears("rpc", 50);
    server.link.cut();
    await reaches(client, "waiting");
    all.push(channel.publish(120));
    server.script = () => undefined;
    clock.advance(1_000);
    await reaches(client, "connected");
    for (let count = 0; count < 80; count++) {
      await quietly(stage);
      clock.advance(100);
    }
    await Promise.all(all);
    expect(
      published(stage)
        .slice(50)
        .map(({ data }) => data),
    ).toEqual(Array.from({ length: 121 }, (_, number) => number));
  });

  test("that the server rejects rejects with its error", async () => {
    const stage = await connected(await setStage());
    const errors: readonly (readonly [Json, Partial<TidewireError>])[] = [
      [
        { code: 103, message: "permission denied" },
        { reason: "denied", code: 103, temporary: false },
      ],
      [
        { code: 111, message: "slow down", temporary: true },
        { reason: "too_many_requests", temporary: true },
      ],
      [
        { code: 1_234, message: "own" },
        { reason: "application", code: 1_234, message: "own" },
      ],
      [
        { code: 113, message: "foreign", temporary: true },
        { reason: "application", code: 113, temporary: true },
      ],
    ];
    for (const [error, expected] of errors) {
      stage.server.script = (method) => (method === "rpc" ? { error } : undefined);
      expect(await failure(stage.client.channel("news").publish(1))).toMatchObject(expected);
    }
  });

  test("without an answer is indeterminate after ten seconds, and no sooner while it waits for a connection", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    server.script = (method) => (method === "rpc" ? "hang" : undefined);
    const promise = failure(client.channel("news").publish(1));
    clock.advance(3_600_000);
    await connected(stage);
    await server.hears("rpc");
    clock.advance(9_999);
    expect(client.state.kind).toBe("connected");
    clock.advance(1);
    expect(await promise).toMatchObject({ reason: "indeterminate", temporary: true });
  });

  test("is not repeated once its key may be forgotten", async () => {
    const stage = await connected(await setStage());
    const { client, clock, page, server } = stage;
    server.script = (method) => (method === "rpc" ? "hang" : undefined);
    const promise = failure(client.channel("news").publish(1));
    await server.hears("rpc");
    page.online = false;
    server.link.cut();
    await reaches(client, "offline");
    await server.stop();
    for (let count = 0; count < 13; count++) {
      await reaches(client, "offline");
      clock.advance(20_000);
    }
    client.close();
    expect(await promise).toMatchObject({ reason: "indeterminate" });
  });

  test("has a time limit of its own where it is given one", async () => {
    const { client, clock } = await setStage();
    const promise = failure(client.channel("news").publish(1, { timeoutMs: 3_000 }));
    clock.advance(3_000);
    expect(await promise).toMatchObject({ reason: "not_available", temporary: true });
  });
});

/** Lets everything that is on its way arrive, while requests may be held back. */
async function quietly({ server }: Stage): Promise<void> {
  const heard = server.heard.length;
  await new Promise((resolve) => setImmediate(resolve));
  if (server.heard.length > heard) await new Promise((resolve) => setImmediate(resolve));
}

describe("a backlog", () => {
  test("leaves fifty at a time and forty a second, so that the server's limits hold", async () => {
    const stage = await setStage();
    const { client, clock, server } = stage;
    const all = Array.from({ length: 120 }, (_, number) => client.channel("news").publish(number));
    await connected(stage);
    await server.hears("rpc", 50);
    all.push(client.channel("news").publish("behind"));
    clock.advance(1_249);
    await quietly(stage);
    expect(published(stage)).toHaveLength(50);
    clock.advance(1);
    await server.hears("rpc", 100);
    clock.advance(1_250);
    await Promise.all(all);
    expect(published(stage).at(-1)).toMatchObject({ data: "behind" });
    await client.channel("news").publish("at once");
  });

  test("has at most a thousand requests", async () => {
    const stage = await setStage();
    const channel = stage.client.channel("news");
    const kept = Array.from({ length: 1_000 }, () => failure(channel.publish(1)));
    expect(await failure(channel.publish(1))).toMatchObject({ reason: "overloaded", temporary: true });
    stage.client.close();
    expect((await Promise.all(kept)).every(({ reason }) => reason === "not_available")).toBe(true);
  });

  test("has at most a mebibyte, and room again once something has left", async () => {
    const stage = await setStage();
    const channel = stage.client.channel("news");
    const big = "ä".repeat(30_000);
    const kept = Array.from({ length: 17 }, () => channel.publish(big));
    expect(await failure(channel.publish(big))).toMatchObject({ reason: "overloaded" });
    await connected(stage);
    await Promise.all(kept);
    await channel.publish(big);
  });

  test("takes nothing that the server would close the connection for", async () => {
    const { client } = await setStage();
    expect(await failure(client.channel("news").publish("ä".repeat(40_000)))).toMatchObject({ reason: "too_large" });
  });
});

describe("a call", () => {
  test("sends its input and resolves with the output", async () => {
    const stage = await connected(await setStage());
    stage.server.script = (method, params) =>
      method === "rpc" && params["method"] === "sum" ? { rpc: { data: { total: 3 } } } : undefined;
    expect(await stage.client.call(sum, [1, 2])).toEqual({ total: 3 });
    expect(stage.server.all("rpc")[0]).toEqual({ method: "sum", data: [1, 2], tide: { timeout: 10_000 } });
  });

  test("that was sent when the connection broke is indeterminate, and not repeated", async () => {
    const stage = await connected(await setStage());
    stage.server.script = (method) => (method === "rpc" ? "hang" : undefined);
    const promise = failure(stage.client.call(sum, 1));
    await stage.server.hears("rpc");
    await breakAndReturn(stage);
    expect(await promise).toMatchObject({ reason: "indeterminate" });
    await quietly(stage);
    expect(stage.server.all("rpc")).toHaveLength(1);
  });

  test("that was not sent waits for the connection, as long as its time allows", async () => {
    const stage = await setStage();
    const early = stage.client.call(sum, 1);
    await connected(stage);
    await early;
    stage.server.link.cut();
    await reaches(stage.client, "waiting");
    const late = failure(stage.client.call(sum, 2, { timeoutMs: 500 }));
    stage.clock.advance(500);
    expect(await late).toMatchObject({
      reason: "not_available",
      temporary: true,
      message: "not sent: no answer in 500 ms",
    });
  });

  test("without an answer is indeterminate after its time", async () => {
    const stage = await connected(await setStage());
    stage.server.script = (method) => (method === "rpc" ? "hang" : undefined);
    const promise = failure(stage.client.call(sum, 1));
    await stage.server.hears("rpc");
    const asked = stage.server.heard.at(-1);
    stage.clock.advance(10_000);
    expect(await promise).toMatchObject({ reason: "indeterminate" });
    expect(await stage.server.hears("rpc", 2)).toEqual({ method: "tide.cancel", data: { id: asked?.id } });
    stage.clock.advance(10_000);
    expect(stage.client.state.kind).toBe("connected");
  });

  test("says how long it waits, in whole milliseconds", async () => {
    const stage = await connected(await setStage());
    await stage.client.call(sum, 1, { timeoutMs: 0.5 });
    expect(stage.server.all("rpc")[0]).toMatchObject({ tide: { timeout: 1 } });
  });

  test("that was answered is not canceled any more, and one of a broken connection never", async () => {
    const stage = await connected(await setStage());
    const [answered, broken] = [new AbortController(), new AbortController()];
    await stage.client.call(sum, 1, { signal: answered.signal });
    answered.abort();
    stage.server.script = (method) => (method === "rpc" ? "hang" : undefined);
    const promise = failure(stage.client.call(sum, 2, { signal: broken.signal }));
    await stage.server.hears("rpc", 2);
    await breakAndReturn(stage);
    broken.abort();
    expect(await promise).toMatchObject({ reason: "indeterminate" });
    await quietly(stage);
    expect(stage.server.all("rpc").map(({ method }) => method)).toEqual(["sum", "sum"]);
  });

  test("ends with its signal, before, while waiting and while sent", async () => {
    const stage = await setStage();
    const [before, waiting, sent] = [new AbortController(), new AbortController(), new AbortController()];
    before.abort("no");
    await expect(stage.client.call(sum, 1, { signal: before.signal })).rejects.toBe("no");
    const waits = stage.client.call(sum, 2, { signal: waiting.signal });
    waiting.abort("never mind");
    await expect(waits).rejects.toBe("never mind");
    await connected(stage);
    stage.server.script = (method) => (method === "rpc" ? "hang" : undefined);
    const hangs = stage.client.call(sum, 3, { signal: sent.signal });
    expect(await stage.server.hears("rpc")).toMatchObject({ method: "sum", data: 3 });
    const asked = stage.server.heard.at(-1);
    sent.abort("too slow");
    await expect(hangs).rejects.toBe("too slow");
    expect(await stage.server.hears("rpc", 2)).toEqual({ method: "tide.cancel", data: { id: asked?.id } });
  });
});

describe("reads", () => {
  test("of history give publications and the newest place", async () => {
    const stage = await connected(await setStage());
    stage.server.script = (method) =>
      method === "history"
        ? {
            history: {
              publications: [
                { data: "a", offset: 1 },
                { data: "b", offset: 2 },
              ],
              epoch: "e1",
              offset: 9,
            },
          }
        : undefined;
    const page = await stage.client.channel("news").history({ limit: 2, since: { epoch: "e1", offset: 0 } });
    expect(page.position).toEqual({ epoch: "e1", offset: 9 });
    expect(page.publications.map(({ data, id }) => [data, id])).toEqual([
      ["a", "e1:1"],
      ["b", "e1:2"],
    ]);
    expect(stage.server.all("history")[0]).toEqual({ channel: "news", limit: 2, since: { epoch: "e1", offset: 0 } });
  });

  test("of presence give members and counts", async () => {
    const stage = await connected(await setStage());
    stage.server.script = (method) => {
      if (method === "presence") return { presence: { presence: { s1: { client: "s1", user: "ann" } } } };
      return method === "presence_stats" ? { presence_stats: { num_clients: 3 } } : undefined;
    };
    const channel = stage.client.channel("news");
    expect(await channel.presence()).toEqual([{ session: "s1", user: "ann" }]);
    expect(await channel.presenceStats()).toEqual({ clients: 3, users: 0 });
  });

  test("are repeated on the next connection", async () => {
    const stage = await connected(await setStage());
    stage.server.script = (method) => (method === "history" ? "hang" : undefined);
    const page = stage.client.channel("news").history({ limit: 1 });
    await stage.server.hears("history");
    stage.server.script = () => undefined;
    await breakAndReturn(stage);
    expect(await page).toEqual({ publications: [], position: null });
  });

  test("of a wrong form reject, and the connection goes on", async () => {
    const stage = await connected(await setStage());
    stage.server.script = (method) => (method === "history" ? { history: { publications: 1 } } : undefined);
    await expect(stage.client.channel("news").history({ limit: 1 })).rejects.toThrow("wrong type");
    await quiet(stage);
  });
});

test("close ends what waits and what was sent, and connect takes new requests again", async () => {
  const stage = await connected(await setStage());
  stage.server.script = (method) => (method === "rpc" ? "hang" : undefined);
  const sent = failure(stage.client.channel("news").publish(1));
  await stage.server.hears("rpc");
  stage.client.close();
  const late = failure(stage.client.channel("news").publish(2));
  expect(await sent).toMatchObject({ reason: "indeterminate" });
  expect(await late).toMatchObject({ reason: "not_available" });
  stage.server.script = () => undefined;
  const next = stage.client.connect();
  expect(next).toBeUndefined();
  await stage.client.channel("news").publish(3);
});

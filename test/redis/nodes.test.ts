// Several nodes on one Redis: what one is told, the others tell their readers, and nothing stays lost.
import { createClient } from "@redis/client";
import { expect, it } from "vitest";
import { textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import { FakeClock } from "../../packages/server/src/testing/fake-clock.ts";
import { connected, listening } from "../centrifuge-client.ts";
import { RedisServer } from "../services/redis.ts";
import { open, serve } from "../serving.ts";
import { lossy, say, startEngine } from "./engines.ts";
import { redisEngine } from "@tidewire/server/redis";

it("a publication at one node reaches the readers of another, in one order with its own", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const [one, two] = await Promise.all(
    [1, 2].map(() => serve({ engine: redisEngine({ client: createClient({ url }) }) })),
  );
  if (one === undefined || two === undefined) throw new Error("two nodes were expected");
  const readers = await Promise.all(
    [one, two].map(async ({ socketUrl }) => await listening(await connected(socketUrl), "public:a")),
  );
  const publishes = Array.from({ length: 100 }, (_, n) =>
    (n % 2 === 0 ? one : two).tide.channel(open, { name: "a" }).publish(n),
  );
  await Promise.all(publishes);
  for (const reader of readers) await reader.until(({ values }) => values.length === 100);
  expect(readers[0]?.values).toEqual(readers[1]?.values);
  expect(new Set(readers[0]?.values).size).toBe(100);
});

it("a reader that moves to another node goes on from its place", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const { engine } = await startEngine(url);
  const acks = [];
  for (const text of ["1", "2", "3", "4"]) acks.push(await say(engine, "news", text));
  const other = await startEngine(url);
  const after = acks[1]?.position ?? expect.fail("an ack was expected");
  const page = await other.engine.read("news", { after }, { publications: 10, bytes: 1_000 });
  expect(textsOf(page.publications)).toEqual(["3", "4"]);
  expect(page.publications[0]?.previous).toEqual({ offset: 2, id: acks[1]?.publication?.id });
});

it("a lost announcement is noticed by the next one of its lane, though it is another channel's", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const heard = await startEngine(url, {
    client: lossy(createClient({ url }), (message) => message.includes("to be lost")),
  });
  const { engine } = await startEngine(url);
  await heard.engine.follow("news");
  await say(engine, "news", "first");
  await heard.sink.until(() => heard.sink.of("news").length === 1);
  expect(heard.sink.suspects).toEqual([]);
  await say(engine, "news", "to be lost");
  await engine.publish("news", {
    kind: "value",
    body: { data: new TextEncoder().encode("…"), form: "text" },
    retention: null,
  });
  await heard.sink.until(() => heard.sink.suspects.length > 0);
  expect(heard.sink.suspects).toEqual([["news"]]);
  expect(textsOf(heard.sink.of("news"))).toEqual(["first", "…"]);
});

it("the last announcement of a quiet lane is noticed within 20 seconds (S9)", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const clock = new FakeClock({ defer: setImmediate });
  const heard = await startEngine(url, {
    clock,
    client: lossy(createClient({ url }), (message) => message.includes("to be lost")),
  });
  const { engine } = await startEngine(url);
  await heard.engine.follow("news");
  await say(engine, "news", "first");
  await heard.sink.until(() => heard.sink.of("news").length === 1);
  await say(engine, "news", "to be lost");
  for (let ms = 0; ms < 7_000 && heard.sink.suspects.length === 0; ms += 1_000) {
    clock.advance(1_000);
    // The answers of this second; a beacon comes before the answer to what was asked after it.
    await heard.engine.tops(["news"]);
    await heard.engine.tops(["news"]);
  }
  await heard.sink.until(() => heard.sink.suspects.length > 0);
  expect(heard.sink.suspects).toEqual([["news"]]);
});

it("announcements that do not arrive at all end the link, which is made anew", async (context) => {
  const { url } = await RedisServer.forTest(context);
  const clock = new FakeClock({ defer: setImmediate });
  let isDeaf = false;
  const heard = await startEngine(url, { clock, client: lossy(createClient({ url }), () => isDeaf) });
  await heard.engine.follow("news");
  isDeaf = true;
  for (let turn = 0; turn < 100 && heard.sink.healths.length === 0; turn += 1) {
    clock.advance(400);
    await heard.engine.tops(["news"]).catch(() => undefined);
  }
  expect(heard.sink.healths).toEqual(["down"]);
  isDeaf = false;
  await say((await startEngine(url)).engine, "news", "meanwhile");
  clock.advance(1_000);
  await heard.sink.until(() => heard.sink.suspects.length > 0);
  expect([heard.sink.healths, heard.sink.suspects]).toEqual([["down", "up"], ["all"]]);
  expect(await heard.engine.tops(["news"])).toMatchObject([{ offset: 1 }]);
});

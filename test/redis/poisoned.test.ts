// Others write into the engine's keys: nobody is told what was not published, other channels notice nothing, and it goes on.
import { expect, it } from "vitest";
import type { Engine } from "../../packages/server/src/engine/engine.ts";
import { faultOfPage } from "../../packages/server/src/engine/answers.ts";
import { everything, textBody, textsOf } from "../../packages/server/src/engine/contract/trial.ts";
import { Keys, laneOf } from "../../packages/server/src/engines/redis/keys.ts";
import { RedisServer } from "../services/redis.ts";
import { RecordedLog } from "../serving.ts";
import { say, startEngine } from "./engines.ts";

const keys = new Keys("tidewire");
const [channelKey = "", logKey = "", slotsKey = "", versionsKey = "", removalsKey = ""] = keys.ofAll("news");
const [laneKey, dueKey, announcements] = keys.ofLane(laneOf("news"));
const table = { kind: "table", keys: 100, bytes: 10_000, ttlMs: 60_000 } as const;

async function set(engine: Engine, key: string, text: string): Promise<unknown> {
  return await engine.publish("news", { kind: "value", body: { ...textBody(text), key }, retention: table });
}

/** Whatever was written there: the channel answers, goes on, and shows nothing but what was published. */
async function expectWell(engine: Engine): Promise<void> {
  const published = new Set(["1", "2", "3", "4", "after", "linked to nothing"]);
  const before = await engine.read("news", "oldest", everything);
  expect(faultOfPage(before, { start: "oldest", limit: everything })).toBeNull();
  expect(textsOf(before.publications).filter((text) => !published.has(text))).toEqual([]);
  await say(engine, "news", "after");
  const page = await engine.read("news", "oldest", everything);
  expect(faultOfPage(page, { start: "oldest", limit: everything })).toBeNull();
  expect(textsOf(page.publications).at(-1)).toBe("after");
  expect(textsOf(page.publications).filter((text) => !published.has(text))).toEqual([]);
  expect(await engine.tops(["news"])).toEqual([page.top]);
}

const wrongs: readonly (readonly [what: string, ...command: string[]])[] = [
  ["a channel that is a list", "LPUSH", channelKey, "x"],
  ["a channel without fields", "HSET", channelKey, "x", "y"],
  ["a log that is text", "SET", logKey, "x"],
  ["a lane that is text", "SET", laneKey, "x"],
  ["a lane whose counter is none", "HSET", laneKey, "n", "many"],
  ["a list of what is due that is text", "SET", dueKey, "x"],
];
const deleted = [channelKey, logKey, laneKey, dueKey];
const fields = ["base", "top", "id", "floor", "size", "ttl", "at", "kind", "bytes", "due", "origin"];
const values = ["", "-1", "1e9", "99999999999999999999", "x y", "'; --", "\u0000", "x".repeat(1_000)];
const records = [
  "",
  "x",
  "5 x 1 id 1 t 0 0",
  "5 - 1 id 1 t 0 0\nwithout a link",
  "6 x 1 id 1 t 0 0\nof another place",
  "5 x 1 id 1 j 0 0\n{not json",
  "5 x 1 id 1 t 999 0\nshort",
  "5 x 1 id 1 t 999999999 999999999\nx",
  "5 x 1 id 1 z 0 0\nof no form",
  "5 x 1 id 1 r 0 0\nremoved",
];

it("whatever stands under its keys", { timeout: 60_000 }, async (context) => {
  const server = await RedisServer.forTest(context);
  const commands = [
    ...wrongs.map(([, name = "", key = "", ...rest]) => [
      ["DEL", key],
      [name, key, ...rest],
    ]),
    ...deleted.map((key) => [["DEL", key]]),
    ...fields.flatMap((field) => values.map((value) => [["HSET", channelKey, field, value]])),
    [["HSET", channelKey, "top", "1"]],
    [["HSET", channelKey, "top", "1000"]],
    [["XADD", logKey, "900-0", "r", "x"]],
    [["XTRIM", logKey, "MAXLEN", "1"]],
    [["XDEL", logKey, "2-0"]],
    [["XDEL", logKey, "4-0"]],
    ...records.map((record) => [
      ["XADD", logKey, "5-0", "r", record],
      ["HSET", channelKey, "top", "5"],
    ]),
    [
      ["XADD", logKey, "5-0", "other", "field"],
      ["HSET", channelKey, "top", "5"],
    ],
  ];
  const { engine, sink } = await startEngine(server.url);
  await engine.follow("news");
  for (const some of commands) {
    await engine.publish("news", { kind: "clear" });
    for (const text of ["1", "2", "3", "4"]) await say(engine, "news", text);
    const elsewhere = await say(engine, "other", "1");
    for (const command of some) await server.ask(...command).catch(() => undefined);
    await expectWell(engine);
    expect((await say(engine, "other", "2")).publication?.previous?.offset).toBe(elsewhere.position.offset);
  }
  expect(sink.healths).toEqual([]);
});

it("whatever stands in a table", { timeout: 60_000 }, async (context) => {
  const server = await RedisServer.forTest(context);
  const { engine } = await startEngine(server.url);
  const commands = [
    ...[slotsKey, versionsKey, removalsKey].flatMap((key) => [
      [["DEL", key]],
      [
        ["DEL", key],
        ["SET", key, "x"],
      ],
    ]),
    ...records.map((record) => [["HSET", slotsKey, "b", record]]),
    [["HDEL", slotsKey, "b"]],
    [["ZADD", versionsKey, "2", "nobody"]],
    [["ZADD", versionsKey, "-5", "a"]],
    [["ZADD", versionsKey, "1.5", "a"]],
    [["ZADD", removalsKey, "9999", "a"]],
    [["ZADD", removalsKey, "inf", "a"]],
    [
      ["HSET", slotsKey, "x\u0000y", "3 - 1 id 1 t 0 3\nx\u0000yz"],
      ["ZADD", versionsKey, "3", "x\u0000y"],
    ],
  ];
  for (const some of commands) {
    await engine.publish("news", { kind: "clear" });
    for (const key of ["a", "b", "c"]) await set(engine, key, key);
    await engine.publish("news", { kind: "remove", key: "c", retention: table });
    for (const command of some) await server.ask(...command);
    const before = await engine.read("news", "oldest", everything);
    for (const { key, data } of before.publications) {
      const text = new TextDecoder().decode(data);
      expect(["a", "b", "null"]).toContain(text);
      expect(["a", "b", "c"]).toContain(key);
    }
    await set(engine, "d", "after");
    const page = await engine.read("news", "oldest", everything);
    expect(page.publications.at(-1)).toMatchObject({ key: "d" });
    expect(await engine.tops(["news"])).toEqual([page.top]);
  }
});

it("whatever is announced on its lanes is told to nobody, counted, and the tops are asked", async (context) => {
  const server = await RedisServer.forTest(context);
  const log = new RecordedLog();
  const { engine, sink } = await startEngine(server.url, { log });
  await engine.follow("news");
  await say(engine, "news", "1");
  const generation = String(await server.ask("HGET", laneKey, "gen"));
  const lines = [
    "",
    "x",
    "p",
    `p ${generation} 2 e 4\nnews`,
    `p ${generation} 2 e 4\nnews2 x 1 id 1 j 0 0\n{not json`,
    `p ${generation} 2 e 9999\nnews`,
    `e ${generation} 1 e 4\nnews2 x 1 id 1 t 0 0\nwith a place`,
    `q ${generation} 2 e 4\nnews2 x 1 id 1 t 0 0\nof no kind`,
    `b ${generation} 99999999999999999999 - 0\n`,
    "b other 1 - 0\n",
  ];
  for (const line of lines) {
    const told = sink.suspects.length;
    await server.ask("SPUBLISH", announcements, line);
    await sink.until(() => sink.suspects.length > told);
  }
  await say(engine, "news", "2");
  await sink.until(() => sink.of("news").length === 2);
  expect(textsOf(sink.of("news"))).toEqual(["1", "2"]);
  expect(log.troubles.map(({ message }) => message)).toContain("Redis announced what nobody can have published");
});

it("an idempotency key that others wrote to is none", async (context) => {
  const server = await RedisServer.forTest(context);
  const { engine } = await startEngine(server.url);
  const publish = (): ReturnType<Engine["publish"]> =>
    engine.publish("news", {
      kind: "value",
      body: textBody("once"),
      retention: { size: 10, ttlMs: 60_000 },
      idempotencyKey: "k",
    });
  const key = keys.ofIdempotency("news", "k");
  for (const command of [
    ["SET", key, "x"],
    ["SET", key, "9999999999999 digest x y z"],
    ["DEL", key],
    ["RPUSH", key, "x"],
  ]) {
    await publish();
    await server.ask("DEL", key);
    await server.ask(...command);
    const outcome = await Promise.allSettled([publish()]);
    // Another payload's digest may stand there; else it is published again, and known from then on.
    if (outcome[0].status === "rejected") expect(outcome[0].reason).toMatchObject({ reason: "conflict" });
    else expect((await publish()).duplicate).toBe(true);
    await server.ask("DEL", key);
  }
});

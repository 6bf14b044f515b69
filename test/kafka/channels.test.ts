// Channels into a Kafka topic, on a real broker: each publication once, each channel's in their order, and what is missing is told.
import { type ChannelGap, relayChannelsToKafka } from "@tidewire/bridges/kafka";
import { createClient } from "@redis/client";
import { redisEngine } from "@tidewire/server/redis";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { engineNames, engines } from "../engines.ts";
import { KafkaServer } from "../services/kafka.ts";
import { keeping, RedisServer } from "../services/redis.ts";
import { serve } from "../serving.ts";
import {
  apiKey,
  blobs,
  few,
  orders,
  type OutwardStage,
  outward,
  prices,
  publishAll,
  untilWritten,
  valuesOf,
  waited,
} from "./outward-stage.ts";
import { numbers } from "./stage.ts";
import { readTopic, writersOf } from "./writers.ts";

vi.setConfig({ testTimeout: 60_000 });

let kafka: KafkaServer | undefined;
beforeAll(async () => {
  if (process.env["TIDEWIRE_KAFKA"] !== undefined) kafka = await KafkaServer.start();
}, 120_000);
afterAll(() => kafka?.remove());

describe("a relay", () => {
  test.for(engineNames)(
    "writes what was there and what comes, each channel's in their order, in one partition (%s)",
    async (name, context) => {
      const { relay, served, written } = await outward(context, { kafka, server: engines[name]() });
      const ids = ["a", "b", "c"];
      for (const id of ids) await publishAll(served, id, numbers(300));
      const running = relay({ channels: ids.map((id) => `orders:${id}`) });
      await untilWritten(running, 900);
      for (const id of ids) await publishAll(served, id, ["later"]);
      await untilWritten(running, 903);
      for (const id of ids) {
        const records = await written(`orders:${id}`);
        expect(valuesOf(records)).toEqual([...numbers(300), "later"]);
        expect(new Set(records.map(({ partition }) => partition)).size).toBe(1);
      }
      expect(running.stats()).toEqual({ written: 903, gaps: 0, failures: 0, isWriting: true });
    },
  );

  test("says of each what its place, time, id and tags are", async (context) => {
    const { relay, served, written } = await outward(context, { kafka });
    const channel = served.tide.channel(orders, { id: "a" });
    const { position, id } = await channel.publish({ state: "paid" }, { tags: { of: "shop" } });
    await untilWritten(relay({ channels: ["orders:a"] }), 1);
    const [kept] = await channel.history(1);
    const [record] = await written("orders:a");
    expect(record).toEqual({
      partition: expect.any(Number) as number,
      key: "orders:a",
      value: '{"state":"paid"}',
      headers: {
        channel: "orders:a",
        epoch: position.epoch,
        offset: "1",
        id,
        time: String(kept?.atMs),
        form: "json",
        tags: '{"of":"shop"}',
      },
    });
  });

  test("writes bytes as they are, and of a latest channel keys and removals", async (context) => {
    const { relay, served, written } = await outward(context, { kafka });
    await served.tide.channel(blobs).publish(new TextEncoder().encode("no JSON"));
    await served.tide.channel(prices).publish({ of: "tea", is: 3 });
    const running = relay({ channels: ["blobs", "prices"] });
    await untilWritten(running, 2);
    await served.tide.channel(prices).remove("tea");
    await untilWritten(running, 3);
    expect(await written("blobs")).toMatchObject([{ value: "no JSON", headers: { form: "bytes" } }]);
    expect(await written("prices")).toMatchObject([
      { value: '{"of":"tea","is":3}', headers: { key: "tea", offset: "1" } },
      { value: "null", headers: { key: "tea", removed: "true", offset: "2" } },
    ]);
  });

  test("goes on after another where that was stopped, and writes each once", async (context) => {
    const { relay, served, written } = await outward(context, { kafka });
    await publishAll(served, "a", numbers(100));
    const first = relay({ channels: ["orders:a", "orders:a"] });
    await untilWritten(first, 100);
    await first.stop();
    await publishAll(served, "a", ["meanwhile"]);
    const second = relay({ channels: ["orders:a"] });
    await untilWritten(second, 1);
    expect(second.stats().written).toBe(1);
    expect(valuesOf(await written("orders:a"))).toEqual([...numbers(100), "meanwhile"]);
  });

  test("begins with what is new where it is told so, and asks for names", async (context) => {
    const { relay, served, written, log } = await outward(context, { kafka });
    await publishAll(served, "a", ["old"]);
    const channels = (): readonly string[] => ["orders:a", "calls", "nothing:at:all"];
    const running = relay({ channels, begin: "newest" });
    await vi.waitFor(() => expect(log.troubles.length).toBe(2), waited);
    await vi.waitFor(async () => {
      await publishAll(served, "a", ["new"]);
      expect(new Set(valuesOf(await written("orders:a")))).toEqual(new Set(["new"]));
    }, waited);
    expect(running.stats().gaps).toBe(0);
    expect(log.troubles).toMatchObject([
      { message: "a channel is named that keeps no history", fields: { channel: "calls" } },
      { message: "a channel is named that keeps no history", fields: { channel: "nothing:at:all" } },
    ]);
  });
});

describe("a gap", () => {
  test("after a new epoch is told in the topic, before what comes then", async (context) => {
    const { relay, served, written } = await outward(context, { kafka, server: engines.sqlite() });
    const channel = served.tide.channel(orders, { id: "a" });
    const { position } = await channel.publish("before");
    const first = relay({ channels: ["orders:a"] });
    await untilWritten(first, 1);
    await first.stop();
    await channel.publish("never seen");
    const cleared = await fetch(`${served.httpUrl}/api/history_remove`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-api-key": apiKey },
      body: JSON.stringify({ channel: "orders:a" }),
    });
    expect(await cleared.json()).toEqual({ result: {} });
    const after = await channel.publish("after");
    const told: ChannelGap[] = [];
    await untilWritten(relay({ channels: ["orders:a"], gap: (gap) => void told.push(gap) }), 1);
    const records = await written("orders:a");
    expect(valuesOf(records)).toEqual(["before", null, "after"]);
    const { epoch } = after.position;
    expect(records[1]?.headers).toEqual({
      gap: "epoch",
      channel: "orders:a",
      epoch,
      offset: "0",
      "from-epoch": position.epoch,
      "from-offset": "1",
    });
    expect(told).toEqual([{ channel: "orders:a", reason: "epoch", from: position, to: { epoch, offset: 0 } }]);
  });

  test("where history does not reach back any more is told, and nothing is written before its teller knows", async (context) => {
    const { relay, served, written, log } = await outward(context, { kafka });
    const channel = served.tide.channel(few, { id: "a" });
    for (const value of numbers(30)) await channel.publish(value);
    const first = relay({ channels: ["few:a"] });
    await untilWritten(first, 10);
    await first.stop();
    for (const value of numbers(25)) await channel.publish(100 + value);
    const { epoch } = (await channel.publish("newest")).position;
    let times = 0;
    const second = relay({
      channels: ["few:a"],
      gap: () => {
        times += 1;
        if (times === 1) throw new Error("nobody to tell");
      },
    });
    await untilWritten(second, 10);
    const records = await written("few:a");
    const newest = [...numbers(25).map((value) => 100 + value), "newest"].slice(-10);
    expect(valuesOf(records)).toEqual([null, ...numbers(30).slice(-10), null, ...newest]);
    const gap = { gap: "truncated", channel: "few:a", epoch };
    expect(records.filter(({ value }) => value === null).map(({ headers }) => headers)).toEqual([
      { ...gap, offset: "20" },
      { ...gap, offset: "46", "from-epoch": epoch, "from-offset": "30" },
    ]);
    expect(times).toBe(2);
    expect(second.stats()).toMatchObject({ gaps: 1, failures: 1 });
    expect(log.troubles.map(({ message }) => message)).toEqual([
      "publications are missing from the topic",
      "channels cannot be read now",
      "publications are missing from the topic",
    ]);
  });
});

describe("several relays", () => {
  test("write one at a time, and one goes on when the other stops", async (context) => {
    const { relay, served, written, log } = await outward(context, { kafka });
    const channels = ["orders:a"];
    const first = relay({ channels });
    await vi.waitFor(() => expect(first.stats().isWriting).toBe(true), waited);
    const second = relay({ channels });
    await publishAll(served, "a", numbers(100));
    await untilWritten(first, 100);
    await vi.waitFor(
      () => expect(log.lines.map(({ message }) => message)).toContain("another relay writes the topic"),
      waited,
    );
    expect(second.stats()).toEqual({ written: 0, gaps: 0, failures: 0, isWriting: false });
    await first.stop();
    await vi.waitFor(() => expect(second.stats().isWriting).toBe(true), waited);
    await publishAll(served, "a", ["by the second"]);
    await untilWritten(second, 1);
    expect(valuesOf(await written("orders:a"))).toEqual([...numbers(100), "by the second"]);
  });

  test("on two nodes of one Redis write what was published on either", async (context) => {
    const redis = await RedisServer.forTest(context, { settings: keeping.nothing });
    const engine = (): ReturnType<typeof redisEngine> => redisEngine({ client: createClient({ url: redis.url }) });
    const { relay, served, written } = await outward(context, { kafka, server: { engine: engine() } });
    const other = await serve({ channels: [orders], engine: engine() });
    const channels = ["orders:a"];
    const first = relay({ channels });
    await vi.waitFor(() => expect(first.stats().isWriting).toBe(true), waited);
    const second = relay({ channels, histories: other.tide.histories });
    await publishAll(served, "a", numbers(50));
    await publishAll(other, "a", ["elsewhere"]);
    await untilWritten(first, 51);
    await first.stop();
    await publishAll(served, "a", ["later"]);
    await untilWritten(second, 1);
    expect(valuesOf(await written("orders:a"))).toEqual([...numbers(50), "elsewhere", "later"]);
  });
});

describe("one that writes", () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  /** What it has said of itself in the topic of the places. */
  const signs = async ({ kafka: broker, topic }: OutwardStage): Promise<number> =>
    (await readTopic(broker.address, `${topic}-places`)).filter(({ key }) => key === "\nholder").length;

  test("says that it lives, however seldom it looks at channels", async (context) => {
    const stage = await outward(context, { kafka });
    const running = stage.relay({ channels: ["orders:a"], pollMs: 60_000, takeoverMs: 1_000 });
    await vi.waitFor(() => expect(running.stats().isWriting).toBe(true), waited);
    await vi.waitFor(async () => expect(await signs(stage)).toBeGreaterThan(4), waited);
  });

  test.for(["tops", "read", "channels", "gap"] as const)(
    "does so while %s never answers, and stops when it is told to",
    async (what, context) => {
      const stage = await outward(context, { kafka });
      const { tide } = stage.served;
      for (const value of numbers(12)) await tide.channel(few, { id: "a" }).publish(value);
      const { histories } = tide;
      const channels = ["few:a"];
      const hung = {
        tops: { channels, histories: { ...histories, tops: never } },
        read: { channels, histories: { ...histories, read: never } },
        channels: { channels: never },
        gap: { channels, gap: never },
      }[what];
      const running = stage.relay({ ...hung, takeoverMs: 1_000 });
      await vi.waitFor(() => expect(running.stats().isWriting).toBe(true), waited);
      await vi.waitFor(async () => expect(await signs(stage)).toBeGreaterThan(4), waited);
      expect(running.stats()).toMatchObject({ written: 0, isWriting: true });
      await running.stop();
      expect(running.stats().isWriting).toBe(false);
    },
  );
});

describe("what Kafka", () => {
  test("does not take for good is told in the topic, and holds up nobody", async (context) => {
    const { relay, served, written, topic, log, kafka: broker } = await outward(context, { kafka });
    await broker.configure(topic, { "max.message.bytes": "2000" });
    const sizes = [10, 3_000, 10, 900, 900, 900, 4_000, 20];
    for (const size of sizes) await publishAll(served, "a", ["x".repeat(size)]);
    await publishAll(served, "b", numbers(5));
    const told: ChannelGap[] = [];
    const running = relay({ channels: ["orders:a", "orders:b"], gap: (gap) => void told.push(gap) });
    await untilWritten(running, 11);
    await vi.waitFor(() => expect(running.stats().gaps).toBe(2), waited);
    const lengths = (await written("orders:a")).map(({ value, headers }) =>
      value === null ? `${headers["gap"]} ${headers["from-offset"]} to ${headers["offset"]}` : value.length - 2,
    );
    expect(lengths).toEqual([10, "refused 1 to 2", 10, 900, 900, 900, "refused 6 to 7", 20]);
    expect(valuesOf(await written("orders:b"))).toEqual(numbers(5));
    expect(new Set(told.map(({ to }) => to.offset))).toEqual(new Set([2, 7]));
    const refused = log.troubles.filter(({ message }) => message === "Kafka refuses a publication for good");
    expect(refused.map(({ fields }) => [fields["offset"], fields["problem"]])).toEqual([
      [2, "MESSAGE_TOO_LARGE"],
      [7, "MESSAGE_TOO_LARGE"],
    ]);
  });

  test("takes in no form at all is no refusal but an outage, and is tried again", async (context) => {
    const { relay, served, topic, written, log, kafka: broker } = await outward(context, { kafka });
    // Less than what a gap needs.
    await broker.configure(topic, { "max.message.bytes": "100" });
    await publishAll(served, "a", numbers(2));
    const running = relay({ channels: ["orders:a"] });
    const reason = expect.stringContaining("MESSAGE_TOO_LARGE") as string;
    await vi.waitFor(
      () =>
        expect(log.troubles).toContainEqual({
          level: "warn",
          message: "Kafka cannot be written now",
          fields: { reason },
        }),
      waited,
    );
    await broker.configure(topic, { "max.message.bytes": "100000" });
    await untilWritten(running, 1);
    expect(valuesOf(await written("orders:a"))).toEqual([null, 1]);
  });

  test("does not have is said, and written when it is there", async (context) => {
    const { relay, served, log, kafka: broker } = await outward(context, { kafka });
    await publishAll(served, "a", numbers(3));
    const running = relay({ topic: "none-yet", channels: ["orders:a"] });
    await vi.waitFor(() => expect(log.troubles.length).toBe(1), waited);
    expect(log.troubles).toMatchObject([
      { message: "Kafka cannot be written now", fields: { reason: expect.stringContaining("none-yet") as string } },
    ]);
    await broker.topic("none-yet");
    await untilWritten(running, 3);
    expect(log.lines.at(-1)?.message).toBe("Kafka is written again");
  });

  test("would forget is no place to keep places", async (context) => {
    const { relay, topic, log, kafka: broker } = await outward(context, { kafka });
    await broker.topic(`${topic}-places`);
    const running = relay({ channels: ["orders:a"] });
    await vi.waitFor(() => expect(log.troubles.length).toBe(1), waited);
    const reason = `expected the topic "${topic}-places" to have cleanup.policy=compact, got delete`;
    expect(log.troubles).toMatchObject([{ message: "Kafka cannot be written now", fields: { reason } }]);
    expect(running.stats().isWriting).toBe(false);
  });
});

test("times that are none are mistakes at once", () => {
  const given = { kafka: writersOf("127.0.0.1:1"), topic: "a", channels: [] };
  const histories = { tops: () => expect.fail("no question"), read: () => expect.fail("no question") };
  for (const wrong of [{ pollMs: 9 }, { pollMs: 1.5 }, { takeoverMs: 999 }, { takeoverMs: Number.NaN }])
    expect(() => relayChannelsToKafka({ ...given, histories, ...wrong })).toThrow(RangeError);
});

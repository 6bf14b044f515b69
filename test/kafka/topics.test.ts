// Kafka topics into channels, on a real broker: each record once, each partition's in their order.
import { TidewireError } from "@tidewire/protocol";
import type { Publisher } from "@tidewire/bridges";
import { type KafkaRecord, relayKafkaTopics } from "@tidewire/bridges/kafka";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { KafkaServer } from "../services/kafka.ts";
import { numbered, numbers, stage } from "./stage.ts";

const waited = { timeout: 40_000, interval: 50 };

vi.setConfig({ testTimeout: 60_000 });

let server: KafkaServer | undefined;
beforeAll(async () => {
  if (process.env["TIDEWIRE_KAFKA"] !== undefined) server = await KafkaServer.start();
}, 120_000);
afterAll(() => server?.remove());

describe("a relay", () => {
  test("publishes what was there and what comes, each partition's in their order", async (context) => {
    const { relay, published, topic, server: kafka } = await stage(context, { server, partitions: 3 });
    for (const partition of [0, 1, 2]) await kafka.produce(topic, numbered(`p${partition}`, 400, partition));
    const running = relay();
    await vi.waitFor(() => expect(running.stats().published).toBe(1_200), waited);
    for (const partition of [0, 1, 2]) expect(await published(`p${partition}`)).toEqual(numbers(400));
    await kafka.produce(topic, [{ key: "p0", value: '"later"' }]);
    await vi.waitFor(async () => expect((await published("p0")).at(-1)).toBe("later"), waited);
    expect(running.stats()).toEqual({ published: 1_201, skipped: 0, refused: 0, failures: 0, isConnected: true });
  });

  test("goes on after another where that was stopped, and gives each record over once", async (context) => {
    const { relay, published, topic, publisher, server: kafka } = await stage(context, { server });
    const given: string[] = [];
    const recorded: Publisher = {
      publish: async (channel, data, options) => {
        given.push(options.idempotencyKey);
        await publisher.publish(channel, data, options);
      },
    };
    await kafka.produce(topic, numbered("7", 300));
    const first = relay({ publisher: recorded });
    await vi.waitFor(() => expect(first.stats().published).toBeGreaterThan(50), waited);
    await first.stop();
    expect(first.stats().isConnected).toBe(false);
    relay({ publisher: recorded });
    await vi.waitFor(async () => expect(await published("7")).toEqual(numbers(300)), waited);
    expect(new Set(given).size).toBe(300);
    expect(given.length).toBe(300);
  });

  test("that dies before it commits publishes nothing twice", async (context) => {
    const { relay, published, topic, publisher, server: kafka } = await stage(context, { server });
    await kafka.produce(topic, numbered("7", 20));
    // It never hears that its records were accepted, so it commits none of them.
    const deaf: Publisher = {
      publish: async (...given) => {
        await publisher.publish(...given);
        throw new Error("the answer was lost");
      },
    };
    const first = relay({ publisher: deaf });
    await vi.waitFor(() => expect(first.stats().failures).toBe(1), waited);
    await first.stop();
    relay();
    await vi.waitFor(async () => expect(await published("7")).toEqual(numbers(20)), waited);
  });

  test("publishes nothing that was read long ago, and reads it anew", async (context) => {
    const { relay, published, topic, publisher, log, server: kafka } = await stage(context, { server });
    await kafka.produce(topic, numbered("7", 5));
    let isAway = true;
    const away: Publisher = {
      publish: async (...given) => {
        if (isAway) throw new TidewireError("engine_unavailable");
        await publisher.publish(...given);
      },
    };
    relay({ publisher: away, holdMs: 500 });
    const reason = "a record that was read 500 ms ago is read anew";
    await vi.waitFor(() => expect(log.troubles.map(({ fields }) => fields["reason"])).toContain(reason), waited);
    isAway = false;
    await vi.waitFor(async () => expect(await published("7")).toEqual(numbers(5)), waited);
  });

  test("begins with what is new where it is told so", async (context) => {
    const { relay, published, topic, server: kafka } = await stage(context, { server });
    await kafka.produce(topic, [{ key: "7", value: '"old"' }]);
    const running = relay({ begin: "latest" });
    await vi.waitFor(() => expect(running.stats().isConnected).toBe(true), waited);
    await vi.waitFor(async () => {
      await kafka.produce(topic, [{ key: "7", value: '"new"' }]);
      expect(new Set(await published("7"))).toEqual(new Set(["new"]));
    }, waited);
  });
});

describe("a record", () => {
  test("that nothing is published for is passed over; one that cannot be is told of, and holds up nobody", async (context) => {
    const { relay, published, topic, log, server: kafka } = await stage(context, { server });
    const values = ["1", "not JSON", "null", '"x"', "2"];
    await kafka.produce(topic, [
      ...values.map((value) => ({ key: "7", value })),
      { key: "b:c", value: "3" },
      { key: "7", value: "4" },
    ]);
    const refused: string[] = [];
    let failures = 1;
    const running = relay({
      route: ({ key, value }) => {
        const data = JSON.parse(String(value)) as unknown;
        return data === null ? null : { channel: `orders:${String(key)}`, data, tags: { of: "shop" } };
      },
      refused: ({ offset }: KafkaRecord, problem) => {
        failures -= 1;
        if (failures >= 0) throw new Error("nobody to tell");
        refused.push(`${offset} ${problem}`);
      },
    });
    await vi.waitFor(async () => expect(await published("7")).toEqual([1, "x", 2, 4]), waited);
    expect(refused).toEqual([
      expect.stringMatching(/^1 Unexpected token/) as string,
      '5 unknown_channel: the bridge has no channel "orders:b:c"',
    ]);
    expect(running.stats()).toMatchObject({ published: 4, skipped: 1, refused: 2, failures: 1 });
    expect(log.troubles.map(({ message }) => message)).toEqual([
      "a record of Kafka's cannot be published yet",
      "a record of Kafka's was refused",
      "a record of Kafka's was refused",
    ]);
  });
});

test("a time to hold records that is none, or longer than keys are remembered, is a mistake at once", () => {
  const consumer = (): never => expect.fail("no consumer was expected");
  const publisher: Publisher = { publish: () => expect.fail("nothing was expected") };
  for (const holdMs of [0, 1.5, Number.NaN, 240_001]) {
    expect(() => relayKafkaTopics({ consumer, topics: ["a"], route: () => null, publisher, holdMs })).toThrow(
      RangeError,
    );
  }
});

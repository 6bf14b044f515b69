// kill -9 of members of a group, of the server and of Kafka: readers are given each record once, in its partition's order.
import { expect, test, vi } from "vitest";
import { bridgedSite, killed, startProcess } from "../bridged-site.ts";
import { KafkaServer } from "../services/kafka.ts";
import { numbered, numbers } from "./stage.ts";

const waited = { timeout: 90_000, interval: 50 };
const partitions = ["0", "1"];
const count = 5_000;

test(
  "in turns, while there is something to read: each record once, in order (B3)",
  { timeout: 480_000 },
  async (context) => {
    const kafka = await KafkaServer.forTest(context);
    await kafka.topic("orders", partitions.length);
    for (const [partition, key] of partitions.entries()) await kafka.produce("orders", numbered(key, count, partition));
    const { api, heard, node } = await bridgedSite(partitions);
    const member = () => startProcess("kafka/relay-process.ts", [kafka.address, "orders", ...api]);
    const processes = [await node(), await member(), await member()];
    const replace = async (index: number): Promise<void> => {
      const child = processes[index];
      if (child !== undefined) await killed(child);
      processes[index] = await (index === 0 ? node() : member());
    };
    const restart = async (): Promise<void> => {
      await kafka.kill();
      await kafka.start();
    };
    const soFar = (): number => partitions.reduce((sum, key) => sum + (heard.get(key)?.length ?? 0), 0);
    let kills = 0;
    for (const kill of [() => replace(1), () => replace(0), restart, () => replace(2), () => replace(0)]) {
      const before = soFar();
      await vi.waitFor(() => expect(soFar()).toBeGreaterThan(before + 100), waited);
      await kill();
      if (soFar() < count * partitions.length) kills += 1;
    }
    for (const key of partitions) {
      await vi.waitFor(() => expect(heard.get(key)?.length).toBeGreaterThanOrEqual(count), waited);
      expect(heard.get(key)).toEqual(numbers(count));
    }
    // All of them in the middle of it.
    expect(kills).toBe(5);
  },
);

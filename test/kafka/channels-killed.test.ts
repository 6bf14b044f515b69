// kill -9 of nodes that write channels into a topic, and of Kafka: the topic has what was acked, once and in order.
import type { ChildProcess } from "node:child_process";
import { httpPublisher, type Publisher } from "@tidewire/bridges";
import { expect, test, vi } from "vitest";
import { killed, startProcess } from "../bridged-site.ts";
import { freePort, temporaryFile } from "../killable-node.ts";
import { KafkaServer } from "../services/kafka.ts";
import { keeping, RedisServer } from "../services/redis.ts";
import { readTopic, type TopicRecord } from "./writers.ts";

const apiKey = "a key for tests";
const waited = { timeout: 90_000, interval: 100 };
const ids = ["0", "1"];

/** Publishes 0, 1, 2, … on a channel, each until it is acked, until it is told to stop. */
class Load {
  readonly #publisher: () => Publisher;
  readonly #running: readonly Promise<void>[];
  readonly acked: Map<string, number> = new Map();
  #isStopped = false;

  constructor(publisher: () => Publisher) {
    this.#publisher = publisher;
    this.#running = ids.map((id) => this.#run(id));
  }

  get sum(): number {
    return [...this.acked.values()].reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running);
  }

  async #run(id: string): Promise<void> {
    for (let n = 0; !this.#isStopped; n += 1) {
      await vi.waitFor(() => this.#publisher().publish(`orders:${id}`, n, { idempotencyKey: `${id}/${n}` }), waited);
      this.acked.set(id, n + 1);
    }
  }
}

const of = (records: readonly TopicRecord[], id: string): readonly TopicRecord[] =>
  records.filter(({ key }) => key === `orders:${id}`);

/** As a reader does it that keeps the last 1,000 ids. */
function withoutRepeats(records: readonly TopicRecord[]): readonly TopicRecord[] {
  const ids = new Set<string>();
  return records.filter(({ headers: { id = "" } }) => {
    if (ids.has(id)) return false;
    ids.add(id);
    if (ids.size > 1_000) ids.delete(ids.values().next().value ?? "");
    return true;
  });
}

/** What was acked is there, once and in order; and so is it for who reads what was aborted, too, and leaves out ids it has seen. */
async function expectWhole(address: string, topic: string, acked: ReadonlyMap<string, number>): Promise<void> {
  await vi.waitFor(async () => {
    const records = await readTopic(address, topic);
    for (const id of ids) expect(of(records, id).length).toBeGreaterThanOrEqual(acked.get(id) ?? 0);
  }, waited);
  const committed = await readTopic(address, topic);
  const all = await readTopic(address, topic, "whatever there is");
  for (const id of ids) {
    const expected = Array.from({ length: acked.get(id) ?? 0 }, (_, n) => String(n));
    const records = of(committed, id);
    expect(records.map(({ value }) => value)).toEqual(expected);
    expect(records.map(({ headers }) => Number(headers["offset"]))).toEqual(expected.map((_, n) => n + 1));
    expect(new Set(records.map(({ headers }) => headers["epoch"])).size).toBe(1);
    expect(withoutRepeats(of(all, id)).map(({ value }) => value)).toEqual(expected);
  }
}

test(
  "of the node and of Kafka in turns, under load: the topic has what was acked, once and in order (B4)",
  { timeout: 480_000 },
  async (context) => {
    const kafka = await KafkaServer.forTest(context);
    await kafka.topic("out", 2);
    const [file, port] = [temporaryFile(), await freePort()];
    const node = (): Promise<ChildProcess> =>
      startProcess("kafka/writing-node-process.ts", [file, `${port}`, apiKey, kafka.address, "out"]);
    let child = await node();
    const replaceNode = async (): Promise<void> => {
      await killed(child);
      child = await node();
    };
    const replaceKafka = async (): Promise<void> => {
      await kafka.kill();
      await kafka.start();
    };
    const publisher = httpPublisher({ url: `http://127.0.0.1:${port}/api`, apiKey });
    const load = new Load(() => publisher);
    const written = async (): Promise<number> => (await readTopic(kafka.address, "out")).length;
    for (const replace of [replaceNode, replaceKafka, replaceNode, replaceNode, replaceKafka, replaceNode]) {
      const before = await written();
      await vi.waitFor(async () => expect(await written()).toBeGreaterThan(before + 100), waited);
      await replace();
    }
    await load.stop();
    expect(load.sum).toBeGreaterThan(600);
    await expectWhole(kafka.address, "out", load.acked);
  },
);

test(
  "SIGSTOP of the node that writes: another one goes on, and when it wakes up it writes nothing; then kill -9 of that one (B4)",
  { timeout: 240_000 },
  async (context) => {
    const redis = await RedisServer.forTest(context, { settings: keeping.nothing });
    const kafka = await KafkaServer.forTest(context);
    await kafka.topic("out", 2);
    const said: string[][] = [[], []];
    const ports = [await freePort(), await freePort()];
    const nodes: ChildProcess[] = [];
    for (const [index, port] of ports.entries()) {
      const args = [redis.url, `${port}`, apiKey, kafka.address, "out"];
      nodes.push(await startProcess("kafka/writing-node-process.ts", args, (line) => said[index]?.push(line)));
    }
    const isWriting = (index: number): boolean => said[index]?.at(-1) === "writing";
    await vi.waitFor(() => expect([isWriting(0), isWriting(1)]).toContain(true), waited);
    const first = isWriting(0) ? 0 : 1;
    const second = 1 - first;
    const publisher = httpPublisher({ url: `http://127.0.0.1:${ports[second]}/api`, apiKey });
    const load = new Load(() => publisher);
    const grown = async (): Promise<void> => {
      const before = (await readTopic(kafka.address, "out")).length;
      await vi.waitFor(
        async () => expect((await readTopic(kafka.address, "out")).length).toBeGreaterThan(before + 100),
        waited,
      );
    };
    await grown();
    nodes[first]?.kill("SIGSTOP");
    await vi.waitFor(() => expect(isWriting(second)).toBe(true), waited);
    await grown();
    nodes[first]?.kill("SIGCONT");
    await vi.waitFor(() => expect(said[first]).toEqual(["writing", "waiting"]), waited);
    await grown();
    await load.stop();
    expect(said[second]).toEqual(["writing"]);
    if (nodes[second] !== undefined) await killed(nodes[second]);
    await vi.waitFor(() => expect(said[first]).toEqual(["writing", "waiting", "writing"]), waited);
    await expectWhole(kafka.address, "out", load.acked);
  },
);

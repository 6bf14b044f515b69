// Clients that write, and what a topic has, for tests and for the processes that they start.
import { Admin, Consumer, Producer } from "@platformatic/kafka";
import type { KafkaWriters } from "@tidewire/bridges/kafka";
import { CommittedRecords } from "../../packages/bridges/src/kafka/committed.ts";

export const writersOf = (address: string): KafkaWriters => {
  const connection = { clientId: "tests", bootstrapBrokers: [address], connectTimeout: 2_000 };
  return {
    producer: (settings) => new Producer({ ...connection, ...settings }),
    consumer: (settings) => new Consumer({ ...connection, ...settings }),
    admin: (settings) => new Admin({ ...connection, ...settings }),
  };
};

/** A record as its reader takes it. */
export interface TopicRecord {
  readonly partition: number;
  readonly key: string;
  /** `null` for a record without a value. */
  readonly value: string | null;
  /** Without `tidewire-`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** All that is in a topic by now, each partition's in their order. */
export async function readTopic(
  address: string,
  topic: string,
  which: "committed" | "whatever there is" = "committed",
): Promise<readonly TopicRecord[]> {
  const consumer = new Consumer({ groupId: "nobody", clientId: "tests", bootstrapBrokers: [address], retries: 10 });
  try {
    const metadata = await consumer.metadata({ topics: [topic], forceUpdate: true });
    const found = metadata.topics.get(topic);
    if (found === undefined) throw new Error(`no topic "${topic}"`);
    const records: TopicRecord[] = [];
    for (const [partition, { leader }] of found.partitions.entries()) {
      const committed = which === "committed" ? new CommittedRecords() : null;
      const read = { consumer, node: leader, topicId: found.id, partition, committed };
      for (let from = 0n; ;) {
        const { next, taken } = await page(read, from);
        if (next === from) break;
        from = next;
        records.push(...taken);
      }
    }
    return records;
  } finally {
    await consumer.close(true);
  }
}

const control = 32;

interface Read {
  readonly consumer: Consumer;
  readonly node: number;
  readonly topicId: string;
  readonly partition: number;
  readonly committed: CommittedRecords | null;
}

async function page(
  { consumer, node, topicId, partition, committed }: Read,
  from: bigint,
): Promise<{ next: bigint; taken: readonly TopicRecord[] }> {
  const place = { currentLeaderEpoch: -1, lastFetchedEpoch: -1, partitionMaxBytes: 4_194_304 };
  const { responses } = await consumer.fetch({
    node,
    isolationLevel: 0,
    maxWaitTime: 100,
    minBytes: 1,
    maxBytes: 4_194_304,
    topics: [{ topicId, partitions: [{ partition, fetchOffset: from, ...place }] }],
  });
  let next = from;
  const taken: TopicRecord[] = [];
  for (const { partitionIndex, records } of responses.flatMap(({ partitions }) => partitions)) {
    // What is left of a session of another partition.
    if (partitionIndex !== partition) continue;
    const data = (records ?? []).filter(({ attributes }) => (attributes & control) === 0);
    for (const { key, value, headers } of committed?.take(records ?? []) ?? data.flatMap((batch) => batch.records)) {
      const told = headers.map(([name, text]) => [String(name).replace("tidewire-", ""), String(text)] as const);
      const shown = value === null ? null : value.toString();
      taken.push({ partition, key: String(key), value: shown, headers: Object.fromEntries(told) });
    }
    const last = records?.at(-1);
    if (last !== undefined) next = last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
  }
  return { next, taken };
}

// The topic that keeps places and claims, read by whoever writes or waits to write: one partition, compacted.
import { type Clock, within } from "../ports/clock.ts";
import { CommittedRecords, type StoredRecord } from "./committed.ts";
import { apiIdsOf } from "./kafka-errors.ts";
import { type Claim, claimIn, claimKey, type Place, placeIn } from "./place.ts";
import type { KafkaReader, KafkaWriters } from "./writers.ts";

export interface PlacesLogTerms {
  readonly kafka: KafkaWriters;
  /** The topic that is written to. */
  readonly topic: string;
  /** The one that keeps the places. */
  readonly places: string;
  readonly clock: Clock;
}

const answerMs = 15_000;
const goodbyeMs = 5_000;
const retries = { retries: 5, retryDelay: 200 };
/** How long Kafka waits for something new. */
const longPollMs = 500;
const pageBytes = 4_194_304;
/** What is committed is found here. */
const whatever = 0;
/** What is not compacted yet is read by whoever takes over: with segments of Kafka's size that would be gigabytes. */
const placesSettings = { "cleanup.policy": "compact", "segment.bytes": "16777216", "segment.ms": "3600000" };

export class PlacesLog {
  readonly places: Map<string, Place> = new Map();
  readonly #reader: KafkaReader;
  readonly #clock: Clock;
  readonly #at: { readonly node: number; readonly topicId: string };
  readonly #committed = new CommittedRecords();
  #claim: Claim | null = null;
  #offset = 0n;
  #end = 1n;

  private constructor(reader: KafkaReader, clock: Clock, at: { readonly node: number; readonly topicId: string }) {
    this.#reader = reader;
    this.#clock = clock;
    this.#at = at;
  }

  /** Makes the topic where it is not there yet. @throws when it is not what it has to be, or there is none to write to. */
  static async open({ kafka, topic, places, clock }: PlacesLogTerms): Promise<PlacesLog> {
    const reader = kafka.consumer({ groupId: places, ...retries });
    reader.on("error", () => undefined);
    try {
      await metadataOf(reader, topic, clock);
      const found = await metadataOf(reader, places, clock).catch(async () => {
        await made(kafka, places, clock);
        return metadataOf(reader, places, clock);
      });
      await checked(kafka, places, clock);
      if (found.partitions.length !== 1)
        throw new Error(`expected the topic "${places}" to have one partition, got ${found.partitions.length}`);
      return new PlacesLog(reader, clock, { node: found.partitions[0]?.leader ?? -1, topicId: found.id });
    } catch (thrown) {
      await closed(reader, clock);
      throw thrown;
    }
  }

  /** The newest claim that was read. */
  get claim(): Claim | null {
    return this.#claim;
  }

  /** Whether all was read that was there at the last look. */
  get isAtEnd(): boolean {
    return this.#offset >= this.#end;
  }

  /** Waits for a moment for what comes next. @returns Whether something came. */
  async readOn(): Promise<boolean> {
    const before = this.#offset;
    const { node, topicId } = this.#at;
    const partition = { partition: 0, currentLeaderEpoch: -1, fetchOffset: before, lastFetchedEpoch: -1 };
    const { responses } = await within(
      this.#reader.fetch({
        node,
        isolationLevel: whatever,
        maxWaitTime: longPollMs,
        minBytes: 1,
        maxBytes: pageBytes,
        topics: [{ topicId, partitions: [{ ...partition, partitionMaxBytes: pageBytes }] }],
      }),
      answerMs,
      this.#clock,
    );
    // In a session nothing is said of a partition that has nothing new.
    if (responses.length === 0) this.#end = this.#offset;
    for (const { highWatermark, records } of responses.flatMap(({ partitions }) => partitions)) {
      for (const record of this.#committed.take(records ?? [])) this.#take(record);
      const last = records?.at(-1);
      if (last !== undefined) this.#offset = last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
      this.#end = highWatermark;
    }
    return this.#offset > before;
  }

  close(): Promise<void> {
    return closed(this.#reader, this.#clock);
  }

  #take({ key, value }: StoredRecord): void {
    if (key === null || value === null) return;
    const name = String(key);
    if (name === claimKey) this.#claim = claimIn(value);
    else this.places.set(name, placeIn(value));
  }
}

type TopicMetadata = NonNullable<ReturnType<Awaited<ReturnType<KafkaReader["metadata"]>>["topics"]["get"]>>;

async function metadataOf(reader: KafkaReader, topic: string, clock: Clock): Promise<TopicMetadata> {
  const { topics } = await within(reader.metadata({ topics: [topic], forceUpdate: true }), answerMs, clock);
  const found = topics.get(topic);
  if (found === undefined) throw new Error(`the topic "${topic}" does not exist`);
  return found;
}

async function made(kafka: KafkaWriters, places: string, clock: Clock): Promise<void> {
  const configs = Object.entries(placesSettings).map(([name, value]) => ({ name, value }));
  const operator = kafka.admin(retries);
  try {
    await within(operator.createTopics({ topics: [places], partitions: 1, replicas: -1, configs }), answerMs, clock);
  } catch (thrown) {
    if (!apiIdsOf(thrown).has("TOPIC_ALREADY_EXISTS")) throw thrown;
  } finally {
    await goodbye(operator.close(), clock);
  }
}

/** In a topic that forgets by time, the place of a quiet channel would be gone one day, and its history be written again. */
async function checked(kafka: KafkaWriters, places: string, clock: Clock): Promise<void> {
  const operator = kafka.admin(retries);
  const resource = { resourceType: 2 as const, resourceName: places, configurationKeys: ["cleanup.policy"] };
  try {
    const found = await within(operator.describeConfigs({ resources: [resource] }), answerMs, clock);
    const policy = found[0]?.configs.find(({ name }) => name === "cleanup.policy")?.value;
    if (policy !== "compact")
      throw new Error(`expected the topic "${places}" to have cleanup.policy=compact, got ${String(policy)}`);
  } finally {
    await goodbye(operator.close(), clock);
  }
}

/** Nobody waits for a broker when it is over, nor hears that it did not say goodbye. */
export async function closed(client: { close(force: boolean): Promise<void> }, clock: Clock): Promise<void> {
  await goodbye(client.close(true), clock);
}

async function goodbye(closing: Promise<void>, clock: Clock): Promise<void> {
  await within(closing, goodbyeMs, clock).catch(() => undefined);
}

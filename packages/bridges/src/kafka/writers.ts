// What is needed of a client of Kafka to write a topic, and to keep the place in another one.
import type { KafkaBatch } from "./committed.ts";

/** A record to be written. Without a value it is a tombstone. */
export interface KafkaDraft {
  readonly topic: string;
  readonly key: Buffer;
  readonly value?: Buffer;
  readonly headers?: Map<Buffer, Buffer>;
  /** Milliseconds since 1970. */
  readonly timestamp?: bigint;
}

/** The part of a `Transaction` that is needed. */
export interface KafkaTransaction {
  send(options: { messages: KafkaDraft[] }): Promise<unknown>;
  commit(): Promise<void>;
}

/** What every client here has. */
interface KafkaClient {
  on(event: "error", listener: (error: Error) => void): unknown;
  close(force: boolean): Promise<void>;
}

/** The part of a `Producer` of `@platformatic/kafka` 2 that is needed: one without serializers. */
export interface KafkaProducer extends KafkaClient {
  beginTransaction(options: { producerId: bigint; producerEpoch: number }): Promise<KafkaTransaction>;
}

/** Where topics are. */
export interface KafkaMetadata {
  readonly topics: ReadonlyMap<
    string,
    {
      readonly id: string;
      readonly partitionsCount: number;
      readonly partitions: readonly { readonly leader: number }[];
    }
  >;
}

/** The part of a `Consumer` that is needed; it joins no group. */
export interface KafkaReader extends KafkaClient {
  metadata(options: { topics: string[]; forceUpdate: boolean }): Promise<KafkaMetadata>;
  fetch(options: {
    node: number;
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: {
      topicId: string;
      partitions: {
        partition: number;
        currentLeaderEpoch: number;
        fetchOffset: bigint;
        lastFetchedEpoch: number;
        partitionMaxBytes: number;
      }[];
    }[];
  }): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly {
        readonly highWatermark: bigint;
        readonly records?: readonly KafkaBatch[] | null;
      }[];
    }[];
  }>;
}

/** The part of an `Admin` that is needed. */
export interface KafkaOperator {
  createTopics(options: {
    topics: string[];
    partitions: number;
    replicas: number;
    configs: { name: string; value: string }[];
  }): Promise<unknown>;
  describeConfigs(options: {
    resources: { resourceType: 2; resourceName: string; configurationKeys: string[] }[];
  }): Promise<
    readonly { readonly configs: readonly { readonly name: string; readonly value?: string | null | undefined }[] }[]
  >;
  close(): Promise<void>;
}

/** What a producer has to be made with. */
export interface KafkaProducerSettings {
  readonly transactionalId: string;
  readonly idempotent: true;
  readonly retries: number;
  readonly retryDelay: number;
  readonly timeout: number;
}

/** Makes clients of `@platformatic/kafka` 2, each time anew, with the settings it is given besides your own. */
export interface KafkaWriters {
  /** A `Producer`. */
  producer(settings: KafkaProducerSettings): KafkaProducer;
  /** A `Consumer`. */
  consumer(settings: { readonly groupId: string; readonly retries: number; readonly retryDelay: number }): KafkaReader;
  /** An `Admin`. */
  admin(settings: { readonly retries: number; readonly retryDelay: number }): KafkaOperator;
}

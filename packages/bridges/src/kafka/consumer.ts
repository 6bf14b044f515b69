// What is needed of a client of Kafka: a member of a group that reads topics.

/** One record of a topic. */
export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Milliseconds since 1970. */
  readonly timestamp: bigint;
  readonly key: Buffer | null;
  /** `null` for a tombstone. */
  readonly value: Buffer | null;
  readonly headers: ReadonlyMap<Buffer, Buffer>;
}

/** A record as the client hands it over. */
export interface KafkaMessage extends KafkaRecord {
  /** Says that this record and those before it in its partition are done with. */
  commit(): void | Promise<void>;
}

/** The part of a `Consumer` of `@platformatic/kafka` 2 that is needed: one without deserializers that was not used yet. */
export interface KafkaConsumer {
  consume(options: {
    topics: string[];
    autocommit: false;
    mode: "committed";
    fallbackMode: "earliest" | "latest";
  }): Promise<AsyncIterable<KafkaMessage>>;
  on(event: "error", listener: (error: Error) => void): unknown;
  close(force: boolean): Promise<void>;
}

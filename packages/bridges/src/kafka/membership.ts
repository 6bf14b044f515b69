// One membership in a group, from joining to whatever ends it: records are published, each partition's in their order, and
// committed when they were accepted.
//
// - What is in hand is bounded (`maxInHand`); with that many nothing more is read.
// - Whoever is cut off from the group is not always told. A record that was read long ago may be another member's by now, and
//   is not published: the membership ends, and the next one begins where the group has come to.
import { type Clock, within } from "../ports/clock.ts";
import { Pause } from "../pause.ts";
import type { KafkaConsumer, KafkaMessage } from "./consumer.ts";

export interface MembershipTerms {
  readonly topics: readonly string[];
  readonly begin: "earliest" | "latest";
  readonly clock: Clock;
  /** For how long a record is published after it was read. */
  readonly holdMs: number;
  /** Does what is to be done about a record; `false` when it has to be done again. */
  readonly give: (message: KafkaMessage) => Promise<boolean>;
  /** The group has let this member in. */
  readonly joined: () => void;
}

/** Joining waits for the group's other members, a commit for a rebalance. */
const answerMs = 60_000;
/** Nobody waits longer for a broker when it is over. */
const goodbyeMs = 5_000;
const retryMs = 1_000;
const closeTries = 5;
const maxInHand = 256;

export class Membership {
  readonly #consumer: KafkaConsumer;
  readonly #terms: MembershipTerms;
  readonly #over = Promise.withResolvers<void>();
  /** What is being done for each partition, one record after the other. */
  readonly #lanes = new Map<string, Promise<void>>();
  /** The newest record of each partition that is done with, and not committed. */
  readonly #done = new Map<string, KafkaMessage>();
  #inHand = 0;
  #isOver = false;
  #hasRoom: () => void = () => undefined;
  #committing: Promise<void> | null = null;
  readonly #pauses = new Set<Pause>();

  constructor(consumer: KafkaConsumer, terms: MembershipTerms) {
    this.#consumer = consumer;
    this.#terms = terms;
  }

  /** Resolves when it was left. @throws what has ended it. */
  async run(): Promise<void> {
    const { topics, begin, clock, joined } = this.#terms;
    // Without a listener it would end the process.
    this.#consumer.on("error", this.#failed);
    try {
      const place = { autocommit: false, mode: "committed", fallbackMode: begin } as const;
      const joining = within(this.#consumer.consume({ topics: [...topics], ...place }), answerMs, clock);
      const records = await Promise.race([joining, this.#over.promise]);
      if (records === undefined) return;
      joined();
      this.#read(records).catch(this.#failed);
      await this.#over.promise;
      await Promise.all(this.#lanes.values());
      await within(this.#committed(), goodbyeMs, clock);
    } finally {
      this.#end();
      await this.#close();
    }
  }

  /** Finishes what is being published, and begins nothing more. */
  leave(): void {
    this.#end();
    this.#over.resolve();
  }

  readonly #failed = (thrown: unknown): void => {
    this.#end();
    this.#over.reject(thrown);
  };

  /**
   * A consumer whose close has failed lives on and joins again by itself; as the group's leader it would hand out nothing, since it
   * has forgotten its topics. So the next membership does not begin before this one's consumer is gone.
   */
  async #close(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await within(this.#consumer.close(true), goodbyeMs, this.#terms.clock);
        return;
      } catch (thrown) {
        if (tries === closeTries) throw thrown;
        await new Pause(this.#terms.clock).wait(retryMs);
      }
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#hasRoom();
    for (const pause of this.#pauses) pause.end();
  }

  async #read(records: AsyncIterable<KafkaMessage>): Promise<void> {
    for await (const message of records) {
      // To stop reading would end the stream, by which what is done is still to be committed.
      if (this.#isOver) continue;
      this.#take(message);
      if (this.#inHand >= maxInHand) await new Promise<void>((resolve) => void (this.#hasRoom = resolve));
    }
    throw new Error("the consumer has no more records");
  }

  #take(message: KafkaMessage): void {
    const place = `${message.topic}/${message.partition}`;
    const readMs = this.#terms.clock.now();
    this.#inHand += 1;
    const give = async (): Promise<void> => {
      try {
        if (await this.#give(message, readMs)) this.#done.set(place, message);
        this.#commit();
      } catch (thrown) {
        this.#failed(thrown);
      } finally {
        this.#inHand -= 1;
        this.#hasRoom();
      }
    };
    this.#lanes.set(place, (this.#lanes.get(place) ?? Promise.resolve()).then(give));
  }

  /** Until it is done; what comes behind it in its partition waits. */
  async #give(message: KafkaMessage, readMs: number): Promise<boolean> {
    const { clock, holdMs, give } = this.#terms;
    while (!this.#isOver) {
      if (clock.now() - readMs > holdMs) throw new Error(`a record that was read ${holdMs} ms ago is read anew`);
      if (await give(message)) return true;
      if (!this.#isOver) await this.#rest();
    }
    return false;
  }

  async #rest(): Promise<void> {
    const pause = new Pause(this.#terms.clock);
    this.#pauses.add(pause);
    await pause.wait(retryMs);
    this.#pauses.delete(pause);
  }

  #commit(): void {
    this.#committing ??= this.#commitDone()
      .catch(this.#failed)
      .finally(() => void (this.#committing = null));
  }

  /** One commit at a time; what is done meanwhile is in the next. */
  async #commitDone(): Promise<void> {
    while (this.#done.size > 0) {
      const messages = [...this.#done.values()];
      this.#done.clear();
      await within(Promise.all(messages.map(async (message) => message.commit())), answerMs, this.#terms.clock);
    }
  }

  async #committed(): Promise<void> {
    await this.#committing;
    await this.#commitDone();
  }
}

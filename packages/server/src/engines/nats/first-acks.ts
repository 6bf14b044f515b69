// What publishes with idempotency keys were answered, in their stream and in the records themselves (P4).
//
// For how long is NATS' to say, by its own clock: that of a node may be an hour off for a while, and others know it better.
import { fail } from "@tidewire/protocol";
import type { Ack, Body, Publication } from "../../engine/engine.ts";
import type { Reached } from "./line.ts";
import { recordIn } from "./log-records.ts";
import type { Names } from "./names.ts";
import { type FirstAck, keyDigest, keyRecordIn, keyRecordOf, repeatedAck } from "./remembered-keys.ts";

/** An answer that does not come in this time does not come. */
const timeout = 5_000;

export interface FirstAcksOptions {
  readonly names: Names;
}

/** Whose key it is. */
export interface Keyed {
  readonly channel: string;
  readonly body: Body;
  readonly idempotencyKey: string | null;
}

export class FirstAcks {
  readonly #options: FirstAcksOptions;

  constructor(options: FirstAcksOptions) {
    this.#options = options;
  }

  /** `null` for a key that was not used. @throws {TidewireError} `conflict` */
  async of(reached: Reached, { channel, body, idempotencyKey }: Keyed): Promise<Ack | null> {
    if (idempotencyKey === null) return null;
    const { names } = this.#options;
    const subject = names.ofKey(channel, idempotencyKey);
    const known = await reached.client.manager.streams.getMessage(names.keys, { last_by_subj: subject });
    const first = known === null ? null : keyRecordIn(known.data);
    return first === null ? null : repeatedAck(first, body, reached.facts.durability);
  }

  /** NATS' name for it, which is checked as a record is stored. */
  idOf({ channel, idempotencyKey }: Keyed): string | undefined {
    return idempotencyKey === null ? undefined : this.#options.names.ofKey(channel, idempotencyKey);
  }

  /** Its first time ended before it was remembered, or is just being written by another node. @throws {TidewireError} `conflict` */
  async at(reached: Reached, sequence: number, keyed: Keyed): Promise<Ack> {
    const { manager } = reached.client;
    const message = await manager.streams.getMessage(this.#options.names.logs, { seq: sequence });
    const record = message === null ? null : recordIn(message.data);
    if (record === null || record.publication === null) {
      // What a table has superseded is gone at once. Whoever wrote it may have remembered it meanwhile.
      const remembered = await this.of(reached, keyed);
      return (
        remembered ?? fail("indeterminate", "this idempotency key was used, and what it was used for is forgotten")
      );
    }
    const { publication, token } = record;
    const first = { digest: keyDigest(publication), epoch: `${reached.facts.life}.${token}`, publication };
    return repeatedAck(first, keyed.body, reached.facts.durability);
  }

  async remember(
    { client }: Reached,
    { channel, idempotencyKey }: Keyed,
    { epoch, publication }: Omit<FirstAck, "digest" | "publication"> & { readonly publication: Publication },
  ): Promise<void> {
    if (idempotencyKey === null) return;
    const record = keyRecordOf({ digest: keyDigest(publication), epoch, publication });
    try {
      await client.jetstream.publish(this.#options.names.ofKey(channel, idempotencyKey), record, { timeout });
    } catch (thrown) {
      // What was appended remembers its key too, as long as it is there.
      if (publication.offset === 0) throw thrown;
    }
  }
}

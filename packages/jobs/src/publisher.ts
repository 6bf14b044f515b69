// The way to a job's channel, for workers beside a server and workers far from it.
import { type ChannelDefinition, jobChannel, type JobEvent } from "@tidewire/protocol";
import { httpPublishTogether, type HttpPublisherOptions } from "@tidewire/protocol/ports";

/** What is told of a job, and the key that it is told under once. */
export interface Telling {
  readonly event: JobEvent;
  /** 1 to 64 characters. */
  readonly key: string;
}

/** Where a worker tells of its jobs. */
export interface Publisher {
  /**
   * Publishes on the channel of a job; resolves when it is accepted. Doing it again with the same key publishes it once (P4).
   * @param key 1 to 64 characters.
   */
  publish(id: string, event: JobEvent, key: string): Promise<void>;
  /**
   * Publishes several, at most 100, in their order; rejects when one is not accepted, and then none is that comes after it. A
   * publisher without it is given one after the other.
   */
  publishAll?(id: string, tellings: readonly Telling[]): Promise<void>;
}

/** The part of a server that is needed. */
interface Publishing {
  channel(
    definition: ChannelDefinition<"job:{id}", { data: JobEvent; info: unknown }>,
    params: { readonly id: string },
  ): { publish(event: JobEvent, options: { readonly idempotencyKey: string }): Promise<unknown> };
}

/** Publishes through the server in this process, which has `jobChannel` among its channels. */
export function serverPublisher(tide: Publishing): Publisher {
  return {
    publish: async (id, event, key) => {
      await tide.channel(jobChannel, { id }).publish(event, { idempotencyKey: key });
    },
  };
}

/**
 * Publishes through the server API (PROTOCOL 3); any node of a cluster will do. What is published while an answer is awaited goes in
 * one request together.
 */
export function httpPublisher(options: HttpPublisherOptions): Publisher {
  const publish = httpPublishTogether(options);
  const publishAll = (id: string, tellings: readonly Telling[]): Promise<void> =>
    publish(
      jobChannel.name({ id }),
      tellings.map(({ event, key }) => ({ data: event, idempotencyKey: key })),
    );
  return { publish: (id, event, key) => publishAll(id, [{ event, key }]), publishAll };
}

// The way to a job's channel, for workers beside a server and workers far from it.
import { type ChannelDefinition, jobChannel, type JobEvent } from "@tidewire/protocol";
import { httpPublishTogether, type HttpPublisherOptions } from "@tidewire/protocol/ports";

/** Where a worker tells of its jobs. */
export interface Publisher {
  /**
   * Publishes on the channel of a job; resolves when it is accepted. Doing it again with the same key publishes it once (P4).
   * @param key 1 to 64 characters.
   */
  publish(id: string, event: JobEvent, key: string): Promise<void>;
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
  return { publish: (id, event, idempotencyKey) => publish(jobChannel.name({ id }), event, { idempotencyKey }) };
}

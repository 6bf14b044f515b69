// A NATS client as an application makes it.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect, type ConnectionOptions } from "@nats-io/transport-node";
import type { NatsClient } from "@tidewire/server/nats";

/** Comes back for as long as it takes. */
export function connecting(servers: string | string[], options: ConnectionOptions = {}): () => Promise<NatsClient> {
  return async () => {
    const connection = await connect({
      servers,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      reconnectJitter: 0,
      noAsyncTraces: true,
      ...options,
    });
    return {
      connection,
      jetstream: jetstream(connection),
      manager: await jetstreamManager(connection, { checkAPI: false }),
    };
  };
}

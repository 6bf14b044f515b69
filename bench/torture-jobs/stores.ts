// How each process of the torture gets to the store of its jobs.
import * as library from "bullmq";
import { createClient } from "@redis/client";
import type { JobStore } from "@tidewire/jobs";
import { bullmqStore } from "@tidewire/jobs/bullmq";
import { embeddedStore } from "@tidewire/jobs/embedded";
import { type RabbitConnection, rabbitmqStore } from "@tidewire/jobs/rabbitmq";
import { connect } from "amqplib";

export const storeNames = ["embedded", "redis", "rabbitmq"] as const;
export type StoreName = (typeof storeNames)[number];

/** Where the jobs are. */
export interface StoreAddress {
  readonly kind: StoreName;
  /** Of Redis or RabbitMQ. */
  readonly url: string;
  /** The database file; of the keepers alone where there is RabbitMQ. */
  readonly path: string;
}

export const connecting = (url: string): (() => Promise<RabbitConnection>) => {
  return () => connect(`${url}?heartbeat=5`, { noDelay: true });
};

export function storeAt({ kind, url, path }: StoreAddress): JobStore {
  switch (kind) {
    case "embedded":
      return embeddedStore({ path });
    case "redis":
      return bullmqStore({ library, client: createClient({ url }) });
    case "rabbitmq":
      return rabbitmqStore({ connect: connecting(url) });
  }
}

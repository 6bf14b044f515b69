// A database with an outbox, and a server whose channels it feeds; each for one test.
import {
  outboxTable,
  type PostgresOutboxOptions,
  type PostgresOutboxRelay,
  relayPostgresOutbox,
} from "@tidewire/bridges/postgres";
import { type Publisher, serverPublisher } from "@tidewire/bridges";
import { defineChannel } from "@tidewire/protocol";
import { Client } from "pg";
import { onTestFinished, type TestContext, vi } from "vitest";
import { PostgresServer } from "../services/postgres.ts";
import { RecordedLog, serve, type Served } from "../serving.ts";

const orders = defineChannel("orders:{id}", {
  history: { size: 1_000, ttlMs: 300_000 },
  publishers: "server",
});

/** A connection of the application's. */
export async function connectedTo(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

export interface Stage {
  readonly url: string;
  readonly served: Served;
  readonly log: RecordedLog;
  readonly publisher: Publisher;
  /** A connection of the application's. */
  readonly application: Client;
  readonly relay: (options?: Partial<PostgresOutboxOptions>) => PostgresOutboxRelay;
  /** What a channel was given, in order. */
  readonly published: (id: string) => Promise<readonly unknown[]>;
  /** Resolves when the relays have nothing left to do. */
  readonly emptied: () => Promise<void>;
}

/** @param server Default: one of this test's own. */
export async function stage(context: TestContext, server?: PostgresServer): Promise<Stage> {
  const url = await (server ?? (await PostgresServer.forTest(context))).database();
  const served = await serve({ channels: [orders] });
  const application = await connectedTo(url);
  await application.query(outboxTable());
  const log = new RecordedLog();
  const publisher = serverPublisher(served.tide, [orders]);
  return {
    url,
    served,
    log,
    publisher,
    application,
    relay(options = {}) {
      const client = (): Client => new Client({ connectionString: url });
      const relay = relayPostgresOutbox({ client, publisher, log, ...options });
      onTestFinished(() => relay.stop());
      return relay;
    },
    published: async (id) => {
      const history = await served.tide.channel(orders, { id }).history(1_000);
      return history.map(({ data }) => data);
    },
    emptied: () =>
      vi.waitFor(
        async () => {
          const { rows } = await application.query("SELECT id FROM tidewire_outbox WHERE problem IS NULL LIMIT 1");
          if (rows.length > 0) throw new Error("the outbox is not empty");
        },
        { timeout: 30_000, interval: 20 },
      ),
  };
}

/** Writes a row inside whatever transaction the connection is in. */
export async function put(client: Client, id: string, data: unknown): Promise<void> {
  await client.query("INSERT INTO tidewire_outbox (channel, data) VALUES ($1, $2)", [
    `orders:${id}`,
    JSON.stringify(data),
  ]);
}

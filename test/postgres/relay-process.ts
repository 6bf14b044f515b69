// A relay far from the server, which says each key before it publishes: `relay-process.ts DATABASE URL KEY HOLD_MS`.
import { httpPublisher } from "@tidewire/bridges";
import { relayPostgresOutbox } from "@tidewire/bridges/postgres";
import { Client } from "pg";

const [connectionString = "", url = "", apiKey = "", holdMs = ""] = process.argv.slice(2);
const publisher = httpPublisher({ url, apiKey });
relayPostgresOutbox({
  client: () => new Client({ connectionString }),
  publisher: {
    publish: (channel, data, options) => {
      console.log(options.idempotencyKey);
      return publisher.publish(channel, data, options);
    },
  },
  pollMs: 200,
  holdMs: Number(holdMs),
});
console.log("started");

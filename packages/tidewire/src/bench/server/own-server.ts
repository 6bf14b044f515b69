// Tidewire as it comes, with history, in memory, in a file or on Redis; limits on how many may connect are lifted.
import type { Server } from "node:http";
import { createClient } from "@redis/client";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire } from "@tidewire/server";
import { redisEngine } from "@tidewire/server/redis";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { type Payload, placeIn } from "../mark.ts";
import type { Publish } from "./broadcaster.ts";

export interface OwnServerOptions {
  /** The database; `null`: in memory. */
  readonly file: string | null;
  /** The address of a Redis, instead of either; `null`: none. */
  readonly redis: string | null;
  /** Publications that history keeps. */
  readonly historySize: number;
  /** Connections in a second; more of them queue. */
  readonly newPerSecond: number;
}

const most = 1_000_000;
const ttlMs = 300_000;

export const asItComes: OwnServerOptions = { file: null, redis: null, historySize: 100, newPerSecond: most };

/** Channels `bench:0`, `bench:1`, …, and `latest:0`. */
export async function serveOwn(server: Server, options: OwnServerOptions): Promise<Publish> {
  const { historySize, newPerSecond } = options;
  const stream = defineChannel("bench:{id}", { history: { size: historySize, ttlMs }, publishers: "server" });
  const latest = defineChannel("latest:{id}", {
    mode: "latest",
    key: (value) => placeIn((value as Payload).mark),
    publishers: "server",
  });
  const tide = createTidewire({
    channels: [stream, latest],
    greetings: { "bench:0": "welcome" },
    limits: { connections: most, newPerSecond, admissionQueue: most },
    ...engineOf(options),
  });
  tide.attach(server);
  await tide.start();
  const first = tide.channel(stream, { id: "0" });
  const keyed = tide.channel(latest, { id: "0" });
  return (payload, place, of) => {
    const handle = of === "keys" ? keyed : place === 0 ? first : tide.channel(stream, { id: String(place) });
    handle.publish(payload).catch(end);
  };
}

function engineOf({ file, redis }: OwnServerOptions): Pick<Parameters<typeof createTidewire>[0], "engine"> {
  if (redis !== null) return { engine: redisEngine({ client: createClient({ url: redis }) }) };
  return file === null ? {} : { engine: sqliteEngine({ path: file }) };
}

/** A bench of a server that refuses is none. */
function end(refusal: unknown): never {
  process.stderr.write(`${String(refusal)}\n`);
  process.exit(1);
}

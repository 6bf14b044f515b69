// The standalone server: a Tidewire on a port of its own.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { createTidewire, type Log, type ServerOptions } from "@tidewire/server";
import { memoryEngine } from "@tidewire/server/memory";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { createWebhooks, type Webhooks } from "@tidewire/webhooks";
import { numbers, startNumbers } from "./host/development.ts";
import { limitedServer } from "./host/http-server.ts";
import { keptSecret, makeApiKey } from "./host/kept-secret.ts";
import { listen } from "./host/listen.ts";
import { sharedEngine } from "./host/shared-engine.ts";
import { serverOptionsOf } from "./server-options.ts";
import type { Settings } from "./settings.ts";

export interface Standalone {
  readonly port: number;
  readonly apiKey: string;
  /** Sends everybody away in good order, then closes the engine. */
  stop(): Promise<void>;
}

/** What is different for one of several processes. */
export interface Place {
  /** `null`: the one of the settings, which all of them share. */
  readonly engine: ServerOptions["engine"] | null;
  /** Its name among those of this machine. */
  readonly name: string;
  /** Asked when it could serve: where it listens, and whether another port would be wrong. */
  readonly door: () => Promise<{ readonly port: number; readonly isExact: boolean }>;
}

/** In development nobody has to wait for a drain. */
const quickDrainMs = 250;

export async function startStandalone(settings: Settings, log: Log, place?: Place): Promise<Standalone> {
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
  const isDevelopment = settings.mode === "development";
  const apiKey = settings.apiKey ?? keptSecret(path.join(settings.dataFolder, "api-key"), makeApiKey);
  const webhooks = webhooksOf(settings, log);
  await webhooks?.open();
  const tide = createTidewire({
    ...serverOptionsOf(settings),
    apiKey,
    log,
    engine: place?.engine ?? engineFor(settings, log),
    ...nameOf(settings, place),
    ...(webhooks !== null && { lifecycle: webhooks, webhooks }),
  });
  if (isDevelopment && settings.channels.every(({ pattern }) => pattern !== numbers.pattern)) startNumbers(tide);
  if (!isDevelopment && settings.channels.length === 0) {
    log.warn("no channels are configured: nobody can subscribe to anything");
  }
  const server = limitedServer();
  server.on("request", (request, response) => {
    if (tide.http(request, response)) return;
    response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("Nothing is served here.\n");
  });
  tide.attach(server);
  await tide.start();
  const { port, isExact } = (await place?.door()) ?? { port: settings.port, isExact: false };
  const listening = await listen(server, settings.hosts, isExact ? { exactly: port } : port);
  return {
    port: listening.port,
    apiKey,
    stop: async () => {
      listening.close();
      // Workers of one machine end together: the others are no place to go to.
      const isWorker = place !== undefined && place.engine !== null;
      await tide.stop({ ...(isDevelopment && { drainMs: quickDrainMs }), ...(isWorker && { hasOthers: false }) });
      server.closeAllConnections();
      await webhooks?.close();
    },
  };
}

/** Workers of several machines are told apart by both names. */
function nameOf({ nodeName }: Settings, place: Place | undefined): Pick<ServerOptions, "nodeName"> {
  const names = [nodeName, place?.name ?? null].filter((name) => name !== null);
  return names.length === 0 ? {} : { nodeName: names.join("-") };
}

/** One process of those that share the folder has the file; the others tell it what happens there. */
function webhooksOf({ webhooks: endpoints, dataFolder }: Settings, log: Log): Webhooks | null {
  if (endpoints.length === 0) return null;
  return createWebhooks({ path: path.join(dataFolder, "webhooks.db"), endpoints, log });
}

function engineFor({ engine, dataFolder }: Settings, log: Log): ReturnType<typeof sqliteEngine> {
  switch (engine.kind) {
    case "memory":
      return memoryEngine();
    case "sqlite":
      return sqliteEngine({ path: engine.database ?? path.join(dataFolder, "tidewire.db"), log });
    case "shared":
      return sharedEngine({ ...engine, log });
  }
}

// The standalone server: a Tidewire on a port of its own.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { createTidewire, type Log } from "@tidewire/server";
import { memoryEngine } from "@tidewire/server/memory";
import { sqliteEngine } from "@tidewire/server/sqlite";
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

/** In development nobody has to wait for a drain. */
const quickDrainMs = 250;

export async function startStandalone(settings: Settings, log: Log): Promise<Standalone> {
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
  const isDevelopment = settings.mode === "development";
  const apiKey = settings.apiKey ?? keptSecret(path.join(settings.dataFolder, "api-key"), makeApiKey);
  const tide = createTidewire({
    ...serverOptionsOf(settings),
    apiKey,
    log,
    engine: engineFor(settings, log),
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
  const listening = await listen(server, settings.hosts, settings.port);
  return {
    port: listening.port,
    apiKey,
    stop: async () => {
      listening.close();
      await tide.stop(isDevelopment ? { drainMs: quickDrainMs } : {});
      server.closeAllConnections();
    },
  };
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

// The standalone server: a Tidewire on a port of its own.
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { ChannelDefinition } from "@tidewire/protocol";
import { createTidewire, type Log } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { developmentChannels, developmentOptions, numbers, startNumbers } from "./host/development.ts";
import { limitedServer } from "./host/http-server.ts";
import { keptSecret, makeApiKey } from "./host/kept-secret.ts";
import { listen } from "./host/listen.ts";
import type { Settings } from "./settings.ts";

export interface Standalone {
  readonly port: number;
  readonly apiKey: string;
  /** Sends everybody away in good order, then closes the engine. */
  stop(): Promise<void>;
}

/** In development there are some more; those of the configuration come first. */
function channelsOf({ mode, channels }: Settings): readonly ChannelDefinition[] {
  if (mode === "production") return channels;
  const taken = new Set(channels.map(({ pattern }) => pattern));
  return [...channels, ...developmentChannels.filter(({ pattern }) => !taken.has(pattern))];
}

/** In development nobody has to wait for a drain. */
const quickDrainMs = 250;

export async function startStandalone(settings: Settings, log: Log): Promise<Standalone> {
  mkdirSync(settings.dataFolder, { recursive: true, mode: 0o700 });
  const isDevelopment = settings.mode === "development";
  const apiKey = settings.apiKey ?? keptSecret(path.join(settings.dataFolder, "api-key"), makeApiKey);
  const tide = createTidewire({
    channels: channelsOf(settings),
    access: settings.access,
    proxy: settings.proxy,
    limits: settings.limits,
    mode: settings.mode,
    apiKey,
    origins: settings.origins,
    trustProxy: settings.trustProxy,
    compression: settings.compression,
    log,
    ...(isDevelopment ? developmentOptions : {}),
    ...(settings.tokens === null ? {} : { tokens: settings.tokens }),
    ...(settings.engine === "sqlite"
      ? { engine: sqliteEngine({ path: settings.database ?? path.join(settings.dataFolder, "tidewire.db"), log }) }
      : {}),
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

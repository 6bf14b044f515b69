// A Tidewire as a stranger's suite expects its server: these channels, this secret, guests welcome, on a free port.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type ChannelDefinition, defineChannel } from "@tidewire/protocol";
import { createTidewire, type Log, type ServerOptions, type Tidewire } from "@tidewire/server";
import { sqliteEngine } from "@tidewire/server/sqlite";
import { warm } from "./warm.ts";

/** What a suite's own configuration of its server comes to in ours. */
export interface Assumed extends Pick<ServerOptions, "channels" | "access" | "tokens" | "apiKey"> {
  /** The server API is asked without a key. */
  readonly isApiOpen?: true;
}

export type EngineKind = "memory" | "sqlite";

export interface Running {
  readonly port: number;
  readonly tide: Tidewire;
  stop(): Promise<void>;
}

const hundred = { size: 100, ttlMs: 300_000 };
const two = { size: 2, ttlMs: 300_000 };
/** The secret that the suites sign their tokens with. */
export const secret = "secret";
const tokens = { secret };

const smallHistory: ChannelDefinition = defineChannel("smallhistory:{name}", { history: two });

/** Everybody may do everything: without rules that is what development does. */
export const centrifugeJs: Assumed = {
  channels: [
    defineChannel("{name}", { history: hundred, presence: true }),
    defineChannel("recovery:{name}", { history: hundred }),
    defineChannel("delta:{name}", { history: hundred, deltas: true }),
    smallHistory,
  ],
  tokens,
  apiKey: "test-api-key",
};

/** Each user is subscribed to a channel of its own by the server. */
export const centrifugePython: Assumed = {
  channels: [defineChannel("{name}", { history: hundred, presence: true, announceMembers: true }), smallHistory],
  tokens,
  access: {
    connect: ({ claims }) =>
      claims === null
        ? null
        : { user: claims.user, info: claims.info, subscriptions: claims.user === "" ? [] : [`#${claims.user}`] },
  },
};

export const centrifugeGo: Assumed = {
  channels: [
    // It is published what is not JSON, which is for signal channels.
    defineChannel("test", { mode: "signal" }),
    defineChannel("{name}", { history: hundred, deltas: true }),
    smallHistory,
  ],
};

/** Its tests ask the server API without a key, which ours never answers; so the key is put in on the way. */
export const centrifugeJava: Assumed = {
  channels: [
    defineChannel("{name}", {
      history: { size: 10, ttlMs: 60_000 },
      presence: true,
      announceMembers: true,
      deltas: true,
    }),
    defineChannel("recovery:{name}", { history: hundred }),
    smallHistory,
  ],
  tokens,
  apiKey: "put in",
  isApiOpen: true,
};

/** Its tests ask the server API alone. */
export const pycent: Assumed = {
  channels: [defineChannel("{name}", { history: hundred, presence: true })],
  apiKey: "api_key",
};

const ignore = (): void => undefined;
/** Whatever a suite does, it is no error of the server's own. */
const log: Log = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: (message, fields) => void process.stderr.write(`server: ${message} ${JSON.stringify(fields ?? {})}\n`),
};

/** The key, into every request: before anybody sees it. */
function putIn(server: Server, key: string | undefined): void {
  const emit = server.emit.bind(server) as (name: string | symbol, ...args: unknown[]) => boolean;
  server.emit = (name: string | symbol, ...args: unknown[]): boolean => {
    if (name === "request") (args[0] as IncomingMessage).headers["x-api-key"] = key;
    return emit(name, ...args);
  };
}

/** Serves on a free port of this machine, from memory or from a file that is gone afterwards. */
export async function serveFor(assumed: Assumed, kind: EngineKind): Promise<Running> {
  const folder = mkdtempSync(path.join(tmpdir(), "tidewire-conformance-"));
  const engine = kind === "sqlite" ? { engine: sqliteEngine({ path: path.join(folder, "log.db"), log }) } : {};
  const { isApiOpen = false, ...options } = assumed;
  const tide = createTidewire({ ...options, ...engine, mode: "development", log });
  const server = createServer((request, response) => {
    if (!response.headersSent) response.writeHead(404).end(`not here: ${request.url ?? ""}\n`);
  });
  tide.attach(server, { http: true });
  if (isApiOpen) putIn(server, options.apiKey);
  await tide.start();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await warm(port, secret);
  return {
    port,
    tide,
    stop: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      await tide.stop({ drainMs: 1 });
      server.closeAllConnections();
      await closed;
      rmSync(folder, { recursive: true });
    },
  };
}

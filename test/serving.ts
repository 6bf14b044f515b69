// A Tidewire on a free port of this machine, for one test; it is gone when the test has ended.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { defineChannel } from "@tidewire/protocol";
import { createTidewire, type AttachOptions, type Log, type LogFields, type Tidewire } from "@tidewire/server";
import { onTestFinished } from "vitest";

export const lobby = defineChannel("lobby", { mode: "signal", presence: true });
export const open = defineChannel("public:{name}", { history: { size: 100, ttlMs: 300_000 }, presence: true });
export const greeting = "Hello! Message From Server!!";

export type ServerOptions = Parameters<typeof createTidewire>[0];

/** One thing that was logged. */
export interface Logged {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that is read by tests. */
export class RecordedLog implements Log {
  readonly lines: Logged[] = [];
  readonly debug = this.#writer("debug");
  readonly info = this.#writer("info");
  readonly warn = this.#writer("warn");
  readonly error = this.#writer("error");

  /** Lines of at least a warning. */
  get troubles(): readonly Logged[] {
    return this.lines.filter(({ level }) => level === "warn" || level === "error");
  }

  #writer(level: keyof Log): (message: string, fields?: LogFields) => void {
    return (message, fields = {}) => void this.lines.push({ level, message, fields });
  }
}

export interface Served {
  readonly tide: Tidewire;
  readonly server: Server;
  readonly log: RecordedLog;
  readonly port: number;
  /** `ws://127.0.0.1:…`, without a path. */
  readonly socketUrl: string;
  readonly httpUrl: string;
  stop(): Promise<void>;
}

/** Serves what `lobby` and `open` need and whatever else `options` say. */
export async function serve(
  options: Partial<ServerOptions> & { readonly port?: number } = {},
  attach: AttachOptions = { http: true },
): Promise<Served> {
  const log = new RecordedLog();
  const { port: wanted = 0, ...rest } = options;
  const tide = createTidewire({ channels: [lobby, open], log, ...rest });
  const server = createServer();
  server.on("request", (request, response) => {
    if (attach.http !== true) response.writeHead(404).end();
    else if (!response.headersSent) response.writeHead(404).end(`not here: ${request.url ?? ""}`);
  });
  tide.attach(server, attach);
  await tide.start();
  const port = await listen(server, wanted);
  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopping ??= stopAll(tide, server));
  onTestFinished(stop);
  return { tide, server, log, port, socketUrl: `ws://127.0.0.1:${port}`, httpUrl: `http://127.0.0.1:${port}`, stop };
}

/** @returns The port, a free one for 0. */
export async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function stopAll(tide: Tidewire, server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  await tide.stop({ drainMs: 1 });
  server.closeAllConnections();
  await closed;
}

// The worker's own address: its figures for Prometheus, and whether it is well.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { JobDesk } from "@tidewire/jobs";
import { jobMetrics, type Log } from "@tidewire/server";
import { limitedServer, listen } from "tidewire/host";

export interface WorkerDoorOptions {
  readonly hosts: readonly string[];
  /** This one and no other: whoever asks it was told where. 0: any that is free. */
  readonly port: number;
  readonly desk: JobDesk;
  /** Who shows it, as `X-API-Key` or as a bearer token, may read the figures. */
  readonly apiKey: string;
  /** Aborted when the worker is told to end. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

export interface WorkerDoor {
  readonly port: number;
  close(): void;
}

/** Of those who ask for figures there are few; nobody may have the worker's descriptors. */
const mostConnections = 100;
const json = "application/json; charset=utf-8";

/** @throws when the port is taken, or an address is not this machine's. */
export async function openWorkerDoor({ hosts, port, ...parts }: WorkerDoorOptions): Promise<WorkerDoor> {
  const server = limitedServer();
  server.maxConnections = mostConnections;
  const page = jobMetrics({ jobs: parts.desk });
  const answers: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => Promise<void>>> = {
    "/health/live": async (_request, response) => answer(response, 200, { status: "live" }),
    "/health/ready": async (_request, response) => {
      const isReady = !parts.signal.aborted && !(await parts.desk.figures()).isStoreAway;
      if (isReady) answer(response, 200, { status: "ready" });
      else answer(response, 503, { status: "not ready" });
    },
    "/metrics": async (request, response) => {
      if (!mayRead(request, parts.apiKey)) return answer(response, 401, { error: "expected the API key" });
      const { text, type } = await page();
      send(response, 200, { text, type });
    },
  };
  server.on("request", (request, response) => {
    const [path = ""] = (request.url ?? "").split("?");
    const found = Object.hasOwn(answers, path) ? answers[path] : undefined;
    if (found === undefined)
      return answer(response, 404, { error: `expected one of ${Object.keys(answers).join(", ")}` });
    if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, { error: "expected GET" });
    found(request, response).catch((thrown: unknown) => {
      parts.log.error("the worker could not tell its figures", { reason: String(thrown) });
      answer(response, 500, { error: "internal" });
    });
  });
  const listening = await listen(server, hosts, { exactly: port });
  return {
    port: listening.port,
    close() {
      listening.close();
      server.closeAllConnections();
    },
  };
}

function mayRead({ headers }: IncomingMessage, apiKey: string): boolean {
  const given = headers["x-api-key"] ?? /^bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
  return typeof given === "string" && timingSafeEqual(digest(given), digest(apiKey));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, { text: JSON.stringify(body), type: json });
}

function send(response: ServerResponse, status: number, { text, type }: { text: string; type: string }): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
}

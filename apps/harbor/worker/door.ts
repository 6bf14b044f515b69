// The worker's own address: its figures for Prometheus, and whether it is well.
import type { JobDesk } from "@tidewire/jobs";
import { createHealthRouter, jobMetrics, type Log } from "@tidewire/server";
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

/** @throws when the port is taken, or an address is not this machine's. */
export async function openWorkerDoor(options: WorkerDoorOptions): Promise<WorkerDoor> {
  const { hosts, port, desk, apiKey, signal, log } = options;
  const server = limitedServer();
  server.maxConnections = mostConnections;
  const watched = createHealthRouter({
    // What it has begun is ended or given back; it takes nothing more.
    isReady: async () => !signal.aborted && !(await desk.figures()).isStoreAway,
    page: jobMetrics({ jobs: desk }),
    apiKey,
    log,
  });
  server.on("request", (request, response) => {
    if (!watched(request, response)) response.writeHead(404, { "content-length": 0 }).end();
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

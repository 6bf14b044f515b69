// What those who watch a process ask it: whether it lives, whether it is ready, and its figures.
import type { IncomingMessage, ServerResponse } from "node:http";
import { TidewireError } from "@tidewire/protocol";
import { type Log, reasonOf, silentLog } from "../ports/log.ts";
import { answer, refuse, send } from "./answer.ts";
import { mayReadFigures } from "./api-key.ts";
import type { MetricsPage } from "./metrics.ts";

/** What `createHealthRouter` is given. */
export interface HealthRouterOptions {
  /** Whether this process takes on work; false also while it ends. Where it rejects, `/health/ready` is answered with 500. */
  readonly isReady: () => boolean | Promise<boolean>;
  /** Makes what `/metrics` shows, such as `jobMetrics(…)`. */
  readonly page: () => Promise<MetricsPage>;
  /** Who shows it, as `X-API-Key` or as a bearer token, may read the figures. `undefined`: nobody may. */
  readonly apiKey: string | undefined;
  /** Whether a request may read them without the key. Default: none. */
  readonly mayRead?: (request: IncomingMessage) => boolean;
  /** Default: says nothing. */
  readonly log?: Log;
}

/**
 * Answers a request, or returns false where it is somebody else's.
 * @param path Default: that of the request, without its query.
 */
export type HealthRouter = (request: IncomingMessage, response: ServerResponse, path?: string) => boolean;

type Serve = (request: IncomingMessage, response: ServerResponse, options: HealthRouterOptions) => Promise<unknown>;

const served: ReadonlyMap<string, Serve> = new Map<string, Serve>([
  ["/health/live", async (_request, response) => answer(response, 200, { status: "live" })],
  ["/health/ready", serveReady],
  ["/metrics", serveFigures],
]);

/** Its paths. */
export const healthPaths: readonly string[] = [...served.keys()];

/**
 * Answers `/health/live` with 200, `/health/ready` with 200 or 503, and `/metrics` with the figures, or 401 without the key. A server
 * does so by itself (`attach` with `http`); this is for processes that have none, such as workers of jobs.
 */
export function createHealthRouter(options: HealthRouterOptions): HealthRouter {
  const { log = silentLog } = options;
  return (request, response, path = (request.url ?? "").replace(/\?.*$/s, "")) => {
    const serve = served.get(path);
    if (serve === undefined) return false;
    serve(request, response, options).catch((thrown: unknown) => {
      log.error("a request for health or figures failed", { path, reason: reasonOf(thrown) });
      if (!response.headersSent) refuse(response, 500, new TidewireError("internal", "internal server error"));
    });
    return true;
  };
}

async function serveReady(...[, response, { isReady }]: Parameters<Serve>): Promise<void> {
  if (await isReady()) answer(response, 200, { status: "ready" });
  else answer(response, 503, { status: "not ready" });
}

async function serveFigures(...[request, response, options]: Parameters<Serve>): Promise<void> {
  const { apiKey, mayRead, page } = options;
  if (mayRead?.(request) !== true && !mayReadFigures(request, apiKey)) {
    const expected = "expected the API key, as X-API-Key or as a bearer token";
    refuse(response, 401, new TidewireError("unauthorized", expected));
  } else if (request.method !== "GET" && request.method !== "HEAD") {
    refuse(response, 405, new TidewireError("bad_request", `expected GET, got ${request.method ?? "nothing"}`));
  } else send(response, 200, await page());
}

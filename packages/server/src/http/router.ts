// The HTTP door: health, and the server API.
import type { IncomingMessage, ServerResponse } from "node:http";
import { TidewireError } from "@tidewire/protocol";
import { type Log, reasonOf } from "../ports/log.ts";
import { type Api, mayUseApi } from "./api.ts";
import { BodyError } from "../transports/body.ts";
import { readJson } from "./body.ts";

export interface RouterOptions {
  /** False when the request is not to be answered: its connection has too many that were not. */
  readonly takes: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly api: Api;
  readonly apiKey: string | undefined;
  readonly maxBodyBytes: number;
  readonly log: Log;
  readonly isReady: () => boolean;
}

/** False when the request is somebody else's. `path` is the request's, without query and prefix. */
export type Router = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

export function createRouter(options: RouterOptions): Router {
  return (path, request, response) => {
    const isOurs = path === "/health/live" || path === "/health/ready" || path === "/api" || path.startsWith("/api/");
    if (!isOurs) return false;
    if (!options.takes(request, response)) return true;
    if (path === "/health/live") return answer(response, 200, { status: "live" });
    if (path === "/health/ready") {
      return options.isReady()
        ? answer(response, 200, { status: "ready" })
        : answer(response, 503, { status: "not ready" });
    }
    if (path === "/api")
      return answer(response, 200, { methods: Object.keys(options.api).map((name) => `POST /api/${name}`) });
    serveApi(path.slice("/api/".length), request, response, options).catch((thrown: unknown) => {
      // Whoever went away in the middle of its body waits for no answer.
      if (request.destroyed && !request.complete) return;
      options.log.error("an API request failed", { reason: reasonOf(thrown) });
      if (!response.headersSent) answer(response, 500, failure(new TidewireError("internal", "internal server error")));
    });
    return true;
  };
}

async function serveApi(
  method: string,
  ...[request, response, options]: [IncomingMessage, ServerResponse, RouterOptions]
): Promise<void> {
  if (!mayUseApi(request, options.apiKey)) {
    answer(response, 401, failure(new TidewireError("unauthorized", "expected the API key in the header X-API-Key")));
    return;
  }
  const act = Object.hasOwn(options.api, method) ? options.api[method] : undefined;
  if (act === undefined || request.method !== "POST") {
    answer(
      response,
      404,
      failure(new TidewireError("unknown_method", `expected POST and one of: ${Object.keys(options.api).join(", ")}`)),
    );
    return;
  }
  try {
    const body = await readJson(request, options.maxBodyBytes);
    send(response, 200, `{"result":${await act(body.value)}}`);
  } catch (thrown) {
    if (thrown instanceof BodyError)
      return void answer(response, thrown.status, failure(new TidewireError(thrown.reason, thrown.message)));
    if (thrown instanceof TidewireError) return void answer(response, 200, failure(thrown));
    throw thrown;
  }
}

function failure({ code, message }: TidewireError): unknown {
  return { error: { code, message } };
}

function answer(response: ServerResponse, status: number, body: unknown): true {
  return send(response, status, JSON.stringify(body));
}

function send(response: ServerResponse, status: number, json: string): true {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(json),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(json);
  return true;
}

// The HTTP door: health, metrics, and the server API.
import type { IncomingMessage, ServerResponse } from "node:http";
import { TidewireError } from "@tidewire/protocol";
import { type Log, reasonOf } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import { answer, json, refuse, send } from "./answer.ts";
import type { Api } from "./api.ts";
import { mayUseApi } from "./api-key.ts";
import { BodyError } from "../transports/body.ts";
import { JsonLimitError, type JsonLimits, readJson, readJsonLines } from "./body.ts";
import { openApi } from "./api/openapi.ts";
import { apiPage, pagePolicy } from "./api/page.ts";
import { createHealthRouter, healthPaths } from "./health.ts";
import type { MetricsPage } from "./metrics.ts";

export interface RouterOptions {
  /** False when the request is not to be answered: its connection has too many that were not. */
  readonly takes: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly api: Api;
  readonly apiKey: string | undefined;
  readonly limits: JsonLimits;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Makes what `/metrics` shows. */
  readonly page: () => Promise<MetricsPage>;
  /** Whether this request may read it without the key. */
  readonly mayRead: (request: IncomingMessage) => boolean;
  readonly isReady: () => boolean;
}

/** False when the request is somebody else's. `path` is the request's, without query and prefix. */
export type Router = (path: string, request: IncomingMessage, response: ServerResponse) => boolean;

/** And what is below `/api/`. */
const paths = new Set([...healthPaths, "/api"]);

export function createRouter(options: RouterOptions): Router {
  const health = createHealthRouter(options);
  return (path, request, response) => {
    if (!paths.has(path) && !path.startsWith("/api/")) return false;
    if (!options.takes(request, response)) return true;
    if (health(request, response, path)) return true;
    const isReading = request.method === "GET" || request.method === "HEAD";
    if (path === "/api" && isReading) {
      const methods = Object.keys(options.api.methods).map((name) => `POST /api/${name}`);
      return answer(response, 200, { methods, docs: "/api/docs" });
    }
    if (path === "/api/openapi.json" && isReading) return answer(response, 200, openApi());
    if (path === "/api/docs" && isReading) return sendPage(response);
    const method = path === "/api" ? null : path.slice("/api/".length);
    serveApi(method, request, response, options).catch((thrown: unknown) => {
      // Whoever went away in the middle of its body waits for no answer.
      if (request.destroyed && !request.complete) return;
      options.log.error("an API request failed", { reason: reasonOf(thrown) });
      if (!response.headersSent) refuse(response, 500, new TidewireError("internal", "internal server error"));
    });
    return true;
  };
}

/** @param method `null`: the body names it, in the older form. */
async function serveApi(
  method: string | null,
  ...[request, response, options]: [IncomingMessage, ServerResponse, RouterOptions]
): Promise<void> {
  if (!mayUseApi(request, options.apiKey)) {
    refuse(response, 401, new TidewireError("unauthorized", "expected the API key in the header X-API-Key"));
    return;
  }
  const { methods } = options.api;
  const act = method !== null && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if ((act === undefined && method !== null) || request.method !== "POST") {
    const message = `expected POST and one of: ${Object.keys(methods).join(", ")}`;
    return void refuse(response, 404, new TidewireError("unknown_method", message));
  }
  try {
    send(response, 200, { text: await answered(request, options, act), type: json });
  } catch (thrown) {
    if (thrown instanceof TidewireError) {
      options.metrics.add(`errors_${thrown.reason}`);
      return void refuse(response, 200, thrown);
    }
    if (!(thrown instanceof BodyError)) throw thrown;
    const limit =
      thrown.reason === "too_large" ? "requestBodyBytes" : thrown instanceof JsonLimitError ? thrown.limit : null;
    if (limit !== null) options.metrics.hit(limit);
    refuse(response, thrown.status, new TidewireError(thrown.reason, thrown.message));
  }
}

async function answered(
  request: IncomingMessage,
  { api, limits, metrics }: RouterOptions,
  act: Api["methods"][string] | undefined,
): Promise<string> {
  const came = ({ text }: { readonly text: string }): void => {
    metrics.messagesReceived += 1;
    metrics.bytesReceived += Buffer.byteLength(text);
  };
  if (act === undefined) {
    const body = await readJsonLines(request, limits);
    came(body);
    return await api.lines(body.values);
  }
  const body = await readJson(request, limits);
  came(body);
  return await act(body.value);
}

function sendPage(response: ServerResponse): true {
  const page = apiPage();
  response.writeHead(200, {
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(page),
    "content-security-policy": pagePolicy,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
  response.end(page);
  return true;
}

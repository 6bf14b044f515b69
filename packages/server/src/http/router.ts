// The HTTP door: health, metrics, and the server API.
import type { IncomingMessage, ServerResponse } from "node:http";
import { TidewireError } from "@tidewire/protocol";
import { type Log, reasonOf } from "../ports/log.ts";
import type { Metrics } from "../ports/metrics.ts";
import { type Api, isKey, mayUseApi } from "./api.ts";
import { BodyError } from "../transports/body.ts";
import { JsonLimitError, type JsonLimits, readJson, readJsonLines } from "./body.ts";
import { openApi } from "./api/openapi.ts";
import { apiPage, pagePolicy } from "./api/page.ts";
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
const paths = new Set(["/health/live", "/health/ready", "/metrics", "/api"]);

export function createRouter(options: RouterOptions): Router {
  return (path, request, response) => {
    if (!paths.has(path) && !path.startsWith("/api/")) return false;
    if (!options.takes(request, response)) return true;
    if (path === "/health/live") return answer(response, 200, { status: "live" });
    if (path === "/health/ready") {
      return options.isReady()
        ? answer(response, 200, { status: "ready" })
        : answer(response, 503, { status: "not ready" });
    }
    const isReading = request.method === "GET" || request.method === "HEAD";
    if (path === "/api" && isReading) {
      const methods = Object.keys(options.api.methods).map((name) => `POST /api/${name}`);
      return answer(response, 200, { methods, docs: "/api/docs" });
    }
    if (path === "/api/openapi.json" && isReading) return answer(response, 200, openApi());
    if (path === "/api/docs" && isReading) return sendPage(response);
    const isMetrics = path === "/metrics";
    const method = path === "/api" ? null : path.slice("/api/".length);
    const served = isMetrics ? serveMetrics(request, response, options) : serveApi(method, request, response, options);
    served.catch((thrown: unknown) => {
      // Whoever went away in the middle of its body waits for no answer.
      if (request.destroyed && !request.complete) return;
      options.log.error("an API request failed", { reason: reasonOf(thrown) });
      if (!response.headersSent) answer(response, 500, failure(new TidewireError("internal", "internal server error")));
    });
    return true;
  };
}

async function serveMetrics(request: IncomingMessage, response: ServerResponse, options: RouterOptions): Promise<void> {
  const bearer = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  const mayRead = options.mayRead(request) || mayUseApi(request, options.apiKey) || isKey(bearer, options.apiKey);
  if (!mayRead) {
    const expected = "expected the API key, as X-API-Key or as a bearer token";
    answer(response, 401, failure(new TidewireError("unauthorized", expected)));
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    answer(
      response,
      405,
      failure(new TidewireError("bad_request", `expected GET, got ${request.method ?? "nothing"}`)),
    );
    return;
  }
  const { text, type } = await options.page();
  send(response, 200, { text, type });
}

/** @param method `null`: the body names it, in the older form. */
async function serveApi(
  method: string | null,
  ...[request, response, options]: [IncomingMessage, ServerResponse, RouterOptions]
): Promise<void> {
  if (!mayUseApi(request, options.apiKey)) {
    answer(response, 401, failure(new TidewireError("unauthorized", "expected the API key in the header X-API-Key")));
    return;
  }
  const { methods } = options.api;
  const act = method !== null && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if ((act === undefined && method !== null) || request.method !== "POST") {
    const message = `expected POST and one of: ${Object.keys(methods).join(", ")}`;
    return void answer(response, 404, failure(new TidewireError("unknown_method", message)));
  }
  try {
    send(response, 200, { text: await answered(request, options, act), type: json });
  } catch (thrown) {
    if (thrown instanceof TidewireError) {
      options.metrics.add(`errors_${thrown.reason}`);
      return void answer(response, 200, failure(thrown));
    }
    if (!(thrown instanceof BodyError)) throw thrown;
    const limit =
      thrown.reason === "too_large" ? "requestBodyBytes" : thrown instanceof JsonLimitError ? thrown.limit : null;
    if (limit !== null) options.metrics.hit(limit);
    answer(response, thrown.status, failure(new TidewireError(thrown.reason, thrown.message)));
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

function failure({ code, message }: TidewireError): unknown {
  return { error: { code, message } };
}

function answer(response: ServerResponse, status: number, body: unknown): true {
  return send(response, status, { text: JSON.stringify(body), type: json });
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

const json = "application/json; charset=utf-8";

function send(response: ServerResponse, status: number, { text, type }: MetricsPage): true {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
  return true;
}

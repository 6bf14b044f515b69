// The HTTP door: health, and the server API.
import type { IncomingMessage, ServerResponse } from "node:http";
import { TidewireError } from "@tidewire/protocol";
import { type Log, reasonOf } from "../ports/log.ts";
import { type Api, mayUseApi } from "./api.ts";
import { BodyError } from "../transports/body.ts";
import { readJson, readJsonLines } from "./body.ts";
import { openApi } from "./api/openapi.ts";
import { apiPage, pagePolicy } from "./api/page.ts";

export interface RouterOptions {
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
    if (path !== "/api" && !path.startsWith("/api/")) return false;
    serveApi(path === "/api" ? null : path.slice("/api/".length), request, response, options).catch(
      (thrown: unknown) => {
        // Whoever went away in the middle of its body waits for no answer.
        if (request.destroyed && !request.complete) return;
        options.log.error("an API request failed", { reason: reasonOf(thrown) });
        if (!response.headersSent)
          answer(response, 500, failure(new TidewireError("internal", "internal server error")));
      },
    );
    return true;
  };
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
  const { methods, lines } = options.api;
  const act = method !== null && Object.hasOwn(methods, method) ? methods[method] : undefined;
  if ((act === undefined && method !== null) || request.method !== "POST") {
    const message = `expected POST and one of: ${Object.keys(methods).join(", ")}`;
    return void answer(response, 404, failure(new TidewireError("unknown_method", message)));
  }
  try {
    const json =
      act === undefined
        ? await lines(await readJsonLines(request, options.maxBodyBytes))
        : await act((await readJson(request, options.maxBodyBytes)).value);
    send(response, 200, json);
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

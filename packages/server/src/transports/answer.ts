// Answers to requests: a status and a body, and what pages of other origins may read of them.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type RequestErrorName, requestErrors } from "@tidewire/protocol";
import type { OriginVerdict } from "./origin.ts";

export interface Answer {
  readonly status: number;
  readonly body: string | Uint8Array;
  /** Default: JSON. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Seconds after which what failed for a while may be tried again. */
const retryAfter: Readonly<Record<number, string>> = { 429: "1", 503: "5" };

/** Whether the same request may succeed later: too fast, or a fault that is not the client's. */
export function isTemporary(status: number): boolean {
  return status === 429 || status >= 500;
}

/** Answers, unless there is nobody any more or an answer was begun. */
export function answer(response: ServerResponse, { status, body, type, headers }: Answer): void {
  if (response.headersSent || response.destroyed) return;
  const wait = retryAfter[status];
  // RFC 9110 §8.6: 204 has no body, and does not say so.
  const described = {
    "content-type": type ?? "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  };
  response.writeHead(status, {
    ...(status === 204 ? {} : described),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(wait === undefined ? {} : { "retry-after": wait }),
    // RFC 9110 §15.5.2: whoever is not known is told how to say who it is.
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    ...headers,
  });
  response.end(body);
}

/** An error as a body, with its number from the table of codes. */
export function failure(reason: RequestErrorName, message: string): string {
  return JSON.stringify({ error: { code: requestErrors[reason].code, message } });
}

/** Lets a page of another origin read what is answered (Fetch, "CORS protocol"); foreign ones without its cookies. */
export function share(request: IncomingMessage, response: ServerResponse, verdict: OriginVerdict): void {
  const { origin } = request.headers;
  response.setHeader("vary", "Origin");
  if (origin === undefined || verdict === "refused") return;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", "Retry-After");
  if (verdict === "own") response.setHeader("access-control-allow-credentials", "true");
}

/** Answers what a browser asks before a request that no form could make. */
export function answerPreflight(response: ServerResponse, methods: string): void {
  response.writeHead(204, {
    "access-control-allow-methods": methods,
    "access-control-allow-headers": "Authorization, Cache-Control, Content-Type, Idempotency-Key, Last-Event-ID",
    "access-control-max-age": "600",
    allow: methods,
  });
  response.end();
}

// Answers of the HTTP door: JSON, errors in it, and texts that are made anew each time.
import type { ServerResponse } from "node:http";
import type { TidewireError } from "@tidewire/protocol";
import type { MetricsPage } from "./metrics.ts";

export const json = "application/json; charset=utf-8";

/** No cache keeps it, and no browser takes it for anything else. */
export function send(response: ServerResponse, status: number, { text, type }: MetricsPage): true {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
  return true;
}

export function answer(response: ServerResponse, status: number, body: unknown): true {
  return send(response, status, { text: JSON.stringify(body), type: json });
}

export function refuse(response: ServerResponse, status: number, { code, message }: TidewireError): true {
  return answer(response, status, { error: { code, message } });
}

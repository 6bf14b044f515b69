// The limits of an HTTP server on the head of a request: Node keeps them, and here they are counted.
import type { Server } from "node:http";
import type { LimitName, Metrics } from "../ports/metrics.ts";
import { intercept } from "./intercept.ts";

const limits: ReadonlyMap<unknown, LimitName> = new Map([
  ["HPE_HEADER_OVERFLOW", "headerBytes"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "headerMs"],
]);

/** Whoever listens for the event, or Node itself, answers as if this were not here. */
export function countHeaderLimits(server: Server, metrics: Metrics): void {
  intercept(server, "clientError", ({ code }: Error & { readonly code?: unknown }) => {
    const limit = limits.get(code);
    if (limit !== undefined) metrics.hit(limit);
    return false;
  });
}

// How a connection ended that the server did not end, as it is counted.
import type { EndName } from "../ports/metrics.ts";

/** RFC 6455 §7.4.1: 1006 is the lack of a close frame; these say that bytes were wrong, or too many, for one of both sides. */
const protocolFaults = new Set([1002, 1003, 1007, 1008, 1009, 1010, 1011]);

export function endOf(code: number): EndName {
  if (code === 1006) return "lost";
  return protocolFaults.has(code) ? "protocol" : "client";
}

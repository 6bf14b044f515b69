// Upgrades that are well-formed enough to be upgraded, but that a proxy in front may take for something else.
import type { IncomingMessage } from "node:http";

/** What is wrong with it; `null` when it is a request that nobody can read in two ways. */
export function handshakeProblem(request: IncomingMessage): string | null {
  const { headers, httpVersion } = request;
  // RFC 6455 §4.2.1. Node's parser knows 1.0 and 1.1.
  if (httpVersion !== "1.1") return `expected HTTP/1.1, got ${httpVersion}`;
  // RFC 9112 §3.2: 400 for none and for several. Node does so for requests, but not for upgrades.
  const hosts = countOf("host", request.rawHeaders);
  if (hosts !== 1) return `expected one Host, got ${hosts}`;
  // What is a body to a proxy would be frames to us: whoever shares the proxy's connection could be given the rest.
  const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) !== 0;
  return hasBody ? "expected no body" : null;
}

/** @param rawHeaders Names and values, one after the other. */
function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) if (rawHeaders[at]?.toLowerCase() === name) count += 1;
  return count;
}

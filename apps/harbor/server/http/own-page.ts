// Tells our own pages from those of others, by the headers that a page cannot forge.
import type { IncomingHttpHeaders } from "node:http";

/** True when the request comes from a page of this host, or from no page at all. */
export function isOwnPage(headers: IncomingHttpHeaders): boolean {
  const { origin, host } = headers;
  if (origin === undefined)
    return headers["sec-fetch-site"] === undefined || headers["sec-fetch-site"] === "same-origin";
  try {
    return host !== undefined && new URL(origin).host === host.toLowerCase();
  } catch {
    // "null" and malformed origins are nobody's.
    return false;
  }
}

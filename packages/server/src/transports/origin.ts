// Which pages may connect, and with whose cookies.
//
// A browser sends a user's cookies along with any page's WebSocket. So a page of another origin gets in without them,
// where it gets in at all: it cannot act as the user (cross-site WebSocket hijacking).
import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "./address.ts";

export type OriginVerdict = "own" | "foreign" | "refused";

export interface OriginRules {
  readonly isDevelopment: boolean;
  /** Origins that are let in as the host's own; `*` lets every other one in as foreign. */
  readonly allowed: readonly string[];
}

export function judgeOrigin(headers: IncomingHttpHeaders, rules: OriginRules): OriginVerdict {
  const { origin, host } = headers;
  if (origin === undefined && isOfOwnPage(headers)) return "own";
  const url = origin !== undefined && URL.canParse(origin) ? new URL(origin) : null;
  const isOwn = url !== null && url.origin === origin && url.host === host?.toLowerCase();
  if (isOwn || (origin !== undefined && rules.allowed.includes(origin))) return "own";
  if (!rules.isDevelopment) return rules.allowed.includes("*") ? "foreign" : "refused";
  return url !== null && isLocalPage(url, host) ? "own" : "foreign";
}

/**
 * Browsers name the origin of every WebSocket, and of every request whose answer another page may read; whoever does not
 * is no browser, and nobody's cookies are borrowed. The rest, such as an image's, tell by `Sec-Fetch-Site`.
 */
function isOfOwnPage(headers: IncomingHttpHeaders): boolean {
  const site = headers["sec-fetch-site"];
  return site === undefined || site === "same-origin" || site === "none";
}

/** In development a page on this machine's other ports is one's own: a dev server in front, the server behind. */
function isLocalPage(url: URL, host: string | undefined): boolean {
  const hostUrl = `http://${host ?? ""}`;
  return isLocalName(url.hostname) && URL.canParse(hostUrl) && isLocalName(new URL(hostUrl).hostname);
}

function isLocalName(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || isLoopback(hostname.replaceAll(/[[\]]/g, ""));
}

/** What a foreign page's request says of its user: nothing. */
export function withoutCredentials(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { cookie: _cookie, authorization: _authorization, ...rest } = headers;
  return rest;
}

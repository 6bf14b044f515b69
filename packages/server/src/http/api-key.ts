// The API key: who shows it, and where.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Whether the request carries the key. Without a key nobody may. */
export function mayUseApi({ headers }: IncomingMessage, apiKey: string | undefined): boolean {
  return isKey(headers["x-api-key"] ?? /^apikey (.*)$/i.exec(headers.authorization ?? "")?.[1], apiKey);
}

/** Whether it carries the key in any of the ways in which figures are asked for; scrapers know bearer tokens. */
export function mayReadFigures(request: IncomingMessage, apiKey: string | undefined): boolean {
  const bearer = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? "")?.[1];
  return mayUseApi(request, apiKey) || isKey(bearer, apiKey);
}

/** Compared in constant time. */
function isKey(given: unknown, apiKey: string | undefined): boolean {
  if (apiKey === undefined || typeof given !== "string") return false;
  return timingSafeEqual(digest(given), digest(apiKey));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

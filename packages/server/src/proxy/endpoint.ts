// One address that a backend answers at: its options, checked.
import { validateHeaderName, validateHeaderValue } from "node:http";
import type { ProxyEndpoint } from "./proxy-options.ts";

export type EventName = "connect" | "refresh" | "subscribe" | "sub_refresh" | "publish" | "rpc";

export const endpointDefaults: Required<Omit<ProxyEndpoint, "endpoint">> = {
  timeoutMs: 1_000,
  concurrency: 64,
  clientHeaders: [],
  headers: {},
  sendsMeta: false,
};

/** Those say how a request is framed, and where it goes. */
const ours =
  /^(connection|content-.*|expect|host|keep-alive|proxy-.*|sec-websocket-.*|te|trailer|transfer-encoding|upgrade)$/i;

/** @throws {TypeError | RangeError} when an option is malformed. */
export function checkedAddress(
  event: EventName,
  { endpoint, timeoutMs, concurrency, clientHeaders, headers }: Required<ProxyEndpoint>,
): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    throw new TypeError(`proxy.${event}.endpoint: expected an address that begins with http:// or https://`);
  }
  for (const [name, value] of Object.entries({ timeoutMs, concurrency })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new RangeError(`proxy.${event}.${name} is a positive integer, got ${value}`);
  }
  for (const name of [...clientHeaders, ...Object.keys(headers)]) {
    validateHeaderName(name);
    if (ours.test(name)) throw new TypeError(`proxy.${event}: the header ${name} is not passed on`);
  }
  for (const [name, value] of Object.entries(headers)) validateHeaderValue(name, value);
  return url;
}

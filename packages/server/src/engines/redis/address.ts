// Where a server is that others have named, and a client's settings put to use there.
import type { RedisClient } from "./redis-client.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `null` for what is no address. */
export function addressOf(host: unknown, port: unknown): Address | null {
  const number = Number(port);
  if (typeof host !== "string" || host === "" || !Number.isInteger(number) || number < 1 || number > 65_535)
    return null;
  return { host, port: number };
}

export function nameOf({ host, port }: Address): string {
  return `${host}:${port}`;
}

/** The host that a client was made for; a node of a cluster that does not know its own is there. */
export function hostOf(client: RedisClient): string {
  const { host } = Object(client.options?.socket) as { readonly host?: unknown };
  return typeof host === "string" ? host : "localhost";
}

/** The same password, TLS and database, at another address. */
export function clientAt(client: RedisClient, { host, port }: Address): RedisClient {
  // A `url` and a `path` would be stronger than the host.
  const socket = { ...client.options?.socket, host, port, path: undefined };
  return { options: { socket }, duplicate: () => client.duplicate({ url: undefined, socket }) };
}

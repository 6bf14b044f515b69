// The engine that several nodes share, by its address: the one place that knows a Redis client.
import { createClient } from "@redis/client";
import type { Log } from "@tidewire/server";
import { redisEngine } from "@tidewire/server/redis";

/** What `sharedEngine` takes. */
export interface SharedEngineOptions {
  /** `redis://user:password@host:port/database`, or `rediss://` for TLS. */
  readonly address: string;
  /** Instead of the one in the address. */
  readonly password?: string | null;
  /** What all keys begin with. Default: the engine's. */
  readonly prefix?: string;
  /** Whether the server never comes back older than it was. Default: false. */
  readonly durable?: boolean;
  readonly log: Log;
}

const schemes: readonly string[] = ["redis:", "rediss:"];

/** In words that follow "expected". */
export const expectedAddress = "an address such as redis://host:6379, or rediss:// with TLS";

/** Whether `sharedEngine` takes it; whether somebody is there is found out at the start. */
export function isSharedAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return schemes.includes(protocol) && hostname !== "" && /^\/?\d{0,4}$/.test(pathname);
}

/** Without what is secret in it. */
export function shownAddress(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** Not connected yet; the server starts and stops it. */
export function sharedEngine(options: SharedEngineOptions): ReturnType<typeof redisEngine> {
  const { address, password = null, prefix, durable = false, log } = options;
  const client = createClient({ url: address, ...(password !== null && { password }) });
  return redisEngine({ client, durable, log, ...(prefix !== undefined && { prefix }) });
}

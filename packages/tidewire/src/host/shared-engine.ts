// The engine that several nodes share, by its address: the one place that knows clients of Redis and NATS.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats, type NodeConnectionOptions } from "@nats-io/transport-node";
import { createClient } from "@redis/client";
import type { Log } from "@tidewire/server";
import { type NatsClient, natsEngine } from "@tidewire/server/nats";
import { redisEngine } from "@tidewire/server/redis";

type Engine = ReturnType<typeof redisEngine>;

/** What `sharedEngine` takes. */
export interface SharedEngineOptions {
  /** `redis://user:password@host:port/database`, `nats://user:password@host:port`; `rediss://` or `tls://` with TLS. */
  readonly address: string;
  /** Instead of the one in the address. */
  readonly password?: string | null;
  /** What all keys, streams and subjects begin with. Default: the engine's. */
  readonly prefix?: string;
  /** Of Redis alone: whether the server never comes back older than it was. Default: false. */
  readonly durable?: boolean;
  readonly log: Log;
}

/** What may follow the host of each. */
const paths: ReadonlyMap<string, RegExp> = new Map([
  ["redis:", /^\/?\d{0,4}$/],
  ["rediss:", /^\/?\d{0,4}$/],
  ["nats:", /^\/?$/],
  ["tls:", /^\/?$/],
]);

/** In words that follow "expected". */
export const expectedAddress =
  "an address such as redis://host:6379 or nats://host:4222, or rediss:// or tls:// with TLS";

/** Whether `sharedEngine` takes it; whether somebody is there is found out at the start. */
export function isSharedAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return hostname !== "" && paths.get(protocol)?.test(pathname) === true;
}

/** Without what is secret in it. */
export function shownAddress(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** Not connected yet; the server starts and stops it. */
export function sharedEngine(options: SharedEngineOptions): Engine {
  return isNats(options.address) ? natsEngineOf(options) : redisEngineOf(options);
}

function isNats(address: string): boolean {
  const { protocol } = new URL(address);
  return protocol === "nats:" || protocol === "tls:";
}

function redisEngineOf(options: SharedEngineOptions): Engine {
  const { address, password = null, prefix, durable = false, log } = options;
  const client = createClient({ url: address, ...(password !== null && { password }) });
  return redisEngine({ client, durable, log, ...(prefix !== undefined && { prefix }) });
}

/** @throws {TypeError} when it is said to be durable: NATS itself says whether it is. */
function natsEngineOf({ address, password, prefix, durable = false, log }: SharedEngineOptions): Engine {
  if (durable) {
    throw new TypeError("engine.durable is for Redis alone: with NATS, streams of three replicas in files are durable");
  }
  const connect = async (): Promise<NatsClient> => {
    const connection = await connectNats(natsOptionsOf(address, password ?? null));
    return { connection, jetstream: jetstream(connection), manager: await jetstreamManager(connection, unchecked) };
  };
  return natsEngine({ connect, log, ...(prefix !== undefined && { prefix }) });
}

/** The engine itself says what is missing, in words. */
const unchecked = { checkAPI: false };

function natsOptionsOf(address: string, password: string | null): NodeConnectionOptions {
  const { protocol, host, username, password: written } = new URL(address);
  const user = decodeURIComponent(username);
  const pass = password ?? decodeURIComponent(written);
  return {
    servers: host,
    // A name alone is a token, as in NATS' own addresses.
    ...(user !== "" && (pass === "" ? { token: user } : { user, pass })),
    ...(protocol === "tls:" && { tls: {} }),
    name: "tidewire",
    timeout: connectLimitMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    // A connection that hangs is found out in six seconds at most.
    pingInterval: 2_000,
    maxPingOut: 2,
  };
}

const connectLimitMs = 5_000;

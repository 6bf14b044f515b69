// The engine that several nodes share, by its address: the one place that knows clients of Redis and NATS.
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect as connectNats, type NodeConnectionOptions } from "@nats-io/transport-node";
import { createClient } from "@redis/client";
import type { Log } from "@tidewire/server";
import { type NatsClient, natsEngine } from "@tidewire/server/nats";
import { type RedisClient, redisEngine } from "@tidewire/server/redis";
import { type RedisAddress, redisAddressIn, shownRedisAddress, urlOf } from "./redis-address.ts";

type Engine = ReturnType<typeof redisEngine>;

/** What `sharedEngine` takes. */
export interface SharedEngineOptions {
  /**
   * `redis://user:password@host:port/database`, `nats://user:password@host:port`; `rediss://` or `tls://` with TLS. Several
   * hosts, with commas between them, are nodes of a Redis cluster; `redis+sentinel://host:port,host:port/name` are Sentinels
   * and what they call the primary.
   */
  readonly address: string;
  /** Instead of the one in the address. */
  readonly password?: string | null;
  /** What the Sentinels want, who have passwords of their own. Default: none. */
  readonly sentinelPassword?: string | null;
  /** What all keys, streams and subjects begin with. Default: the engine's. */
  readonly prefix?: string;
  /** Of Redis alone: whether the server never comes back older than it was. Default: false. */
  readonly durable?: boolean;
  readonly log: Log;
}

const natsProtocols: readonly string[] = ["nats:", "tls:"];

/** In words that follow "expected". */
export const expectedAddress =
  "an address such as redis://host:6379 or nats://host:4222, or rediss:// or tls:// with TLS";

/** Whether `sharedEngine` takes it; whether somebody is there is found out at the start. */
export function isSharedAddress(text: string): boolean {
  if (redisAddressIn(text) !== null) return true;
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return hostname !== "" && natsProtocols.includes(protocol) && /^\/?$/.test(pathname);
}

/** Without what is secret in it. */
export function shownAddress(address: string): string {
  const redis = redisAddressIn(address);
  if (redis !== null) return shownRedisAddress(redis);
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
}

/** Not connected yet; the server starts and stops it. */
export function sharedEngine(options: SharedEngineOptions): Engine {
  const redis = redisAddressIn(options.address);
  return redis === null ? natsEngineOf(options) : redisEngineOf(redis, options);
}

/** @throws {TypeError} when Sentinels are there and it is said to be durable. */
function redisEngineOf(address: RedisAddress, options: SharedEngineOptions): Engine {
  const { password = null, sentinelPassword = null, prefix, durable = false, log } = options;
  const { username, hosts, primary } = address;
  const secret = password ?? address.password;
  const credentials = { ...(username !== "" && { username }), ...(secret !== "" && { password: secret }) };
  const clientAt = (host: string): RedisClient => createClient({ url: urlOf(address, host), ...credentials });
  const given = { durable, log, ...(prefix !== undefined && { prefix }) };
  if (primary === null) return redisEngine({ client: hosts.map(clientAt), ...given });
  const { protocol } = address;
  const clients = hosts.map((host) =>
    createClient({
      url: urlOf({ protocol, database: "" }, /:\d+$/.test(host) ? host : `${host}:${sentinelPort}`),
      ...(sentinelPassword !== null && { password: sentinelPassword }),
    }),
  );
  return redisEngine({ client: clientAt(hosts[0] ?? ""), sentinel: { name: primary, clients }, ...given });
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
    // Otherwise it takes two stack traces for each request, before anything went wrong.
    noAsyncTraces: true,
  };
}

const connectLimitMs = 5_000;
/** Of a Sentinel without one in its address. */
const sentinelPort = 26_379;

// The Redis engine: the log of every channel in one Redis or Valkey, which any number of nodes share.
import type { Engine, EngineCluster, EngineMembers, EngineSources } from "../../engine/engine.ts";
import { type Clock, systemClock } from "../../ports/clock.ts";
import { type Log, silentLog } from "../../ports/log.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import { EngineFace } from "../engine-face.ts";
import type { Answering } from "../questions/questions.ts";
import { Keys } from "./keys.ts";
import type { RedisClient } from "./redis-client.ts";
import { Running, type RunningOptions } from "./running.ts";
import { type Scripts, scriptsOf } from "./script/script.ts";
import type { RedisSentinels } from "./sentinels.ts";
import { Servers } from "./servers.ts";

export type { RedisArgument, RedisClient, RedisCommandOptions, RedisConnection, RedisEvents } from "./redis-client.ts";
export type { RedisSentinels } from "./sentinels.ts";

/** What `redisEngine` takes. Only `client` is needed. */
export interface RedisEngineOptions {
  /**
   * A client of `@redis/client` for a Redis from 7 or a Valkey; the engine duplicates it and leaves it alone. For a cluster
   * one or several of its nodes, any of which knows the others.
   */
  readonly client: RedisClient | readonly RedisClient[];
  /** Who says where the primary is; the client's own address then does not matter, all else does. */
  readonly sentinel?: RedisSentinels;
  /** What all keys begin with, so that several applications can share one Redis. Default: "tidewire". */
  readonly prefix?: string;
  /**
   * Whether this Redis never comes back older than it was: positions then stay good when it is started again. It has to
   * sync every write (`appendonly yes`, `appendfsync always`), and it has to have no replica that takes its place;
   * of a cluster all this of each server.
   * Default: false: with each process of Redis all epochs begin anew (S8).
   */
  readonly durable?: boolean;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. Retention and idempotency keys go by Redis' own clock. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

/** An engine for several nodes. What an ack is worth depends on how Redis keeps its data: `traits.durability` tells. */
export function redisEngine(options: RedisEngineOptions): Engine {
  return redisEngineOf(options, scriptsOf());
}

/** Has every part that an engine may have. */
export type RedisEngine = Engine & SharedParts;

interface SharedParts {
  readonly members: EngineMembers;
  readonly sources: EngineSources;
  readonly cluster: EngineCluster;
}

/** Separate from `redisEngine` for tests that move Redis' clock. */
export function redisEngineOf(options: RedisEngineOptions, scripts: Scripts): RedisEngine {
  const { client, sentinel, durable: isDurable = false, clock = systemClock } = options;
  const clients = "duplicate" in client ? [client] : client;
  const given: Omit<RunningOptions, "sink" | "answering"> = {
    servers: new Servers({ clients, sentinels: sentinel ?? null, clock, isDurable, scripts }),
    keys: new Keys(options.prefix ?? "tidewire"),
    isDurable,
    clock,
    random: options.random ?? systemRandom,
    log: options.log ?? silentLog,
  };
  let answering: Answering | null = null;
  const face = new EngineFace<Running>({
    title: "Redis",
    traits: (run) => ({ name: "redis", durability: run?.durability ?? "volatile", survivesRestart: true }),
    begin: (sink) => new Running({ ...given, answering, sink }),
  });
  return Object.assign(
    face,
    sharedParts(face, (given) => (answering = given)),
  );
}

function sharedParts(face: EngineFace<Running>, listen: (answering: Answering) => void): SharedParts {
  return {
    members: {
      enter: (channel, member) => face.run?.members.enter(channel, member),
      leave: (channel, session) => face.run?.members.leave(channel, session),
      watch: async (channel, told) => await face.started().members.watch(channel, told),
      unwatch: (channel) => face.run?.members.unwatch(channel),
      list: async (channel) => await face.started().members.list(channel),
    },
    sources: {
      take: async (channel, ttlMs) => await face.started().take(channel, ttlMs),
      release: (channel) => face.run?.release(channel),
    },
    cluster: {
      listen: (node, answer) => listen({ node, answer }),
      ask: async (node, question) => await face.started().questions.ask(node, question),
      askAll: async (question) => await face.started().questions.askAll(question),
    },
  };
}

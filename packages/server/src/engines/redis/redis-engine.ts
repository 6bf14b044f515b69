// The Redis engine: the log of every channel in one Redis or Valkey, which any number of nodes share.
import { fail, type Position } from "@tidewire/protocol";
import type {
  Ack,
  Draft,
  Engine,
  EngineCluster,
  EngineMembers,
  EngineSink,
  EngineSources,
  EngineTraits,
  Page,
  PageLimit,
  PageStart,
} from "../../engine/engine.ts";
import { type Clock, systemClock } from "../../ports/clock.ts";
import { type Log, silentLog } from "../../ports/log.ts";
import { type Random, systemRandom } from "../../ports/random.ts";
import { Keys } from "./keys.ts";
import type { RedisClient } from "./redis-client.ts";
import type { Answering } from "./questions.ts";
import { Running, type RunningOptions } from "./running.ts";
import { type Script, scriptOf } from "./script/script.ts";
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
  return new RedisEngine(options, scriptOf());
}

/** Separate from `redisEngine` for tests that move Redis' clock. */
export class RedisEngine implements Engine {
  readonly #options: Omit<RunningOptions, "sink" | "answering">;
  #answering: Answering | null = null;
  #running: Running | null = null;
  readonly members: EngineMembers = {
    enter: (channel, member) => this.#running?.members.enter(channel, member),
    leave: (channel, session) => this.#running?.members.leave(channel, session),
    watch: async (channel, told) => await this.#started().members.watch(channel, told),
    unwatch: (channel) => this.#running?.members.unwatch(channel),
    list: async (channel) => await this.#started().members.list(channel),
  };

  readonly sources: EngineSources = {
    take: async (channel, ttlMs) => await this.#started().take(channel, ttlMs),
    release: (channel) => this.#running?.release(channel),
  };

  readonly cluster: EngineCluster = {
    listen: (node, answer) => {
      this.#answering = { node, answer };
    },
    ask: async (node, question) => await this.#started().questions.ask(node, question),
    askAll: async (question) => await this.#started().questions.askAll(question),
  };

  constructor(options: RedisEngineOptions, script: Script) {
    const { client, sentinel, durable: isDurable = false, clock = systemClock } = options;
    const clients = "duplicate" in client ? [client] : client;
    this.#options = {
      servers: new Servers({ clients, sentinels: sentinel ?? null, clock, isDurable, script }),
      keys: new Keys(options.prefix ?? "tidewire"),
      isDurable,
      clock,
      random: options.random ?? systemRandom,
      log: options.log ?? silentLog,
    };
  }

  get traits(): EngineTraits {
    return { name: "redis", durability: this.#running?.durability ?? "volatile", survivesRestart: true };
  }

  /** @throws {TidewireError} `engine_unavailable`: not there, a wrong password, too old, a replica, half a cluster; in words. */
  async start(sink: EngineSink): Promise<void> {
    if (this.#running !== null) throw new TypeError("a Redis engine that is stopped was expected, it is started");
    const running = new Running({ ...this.#options, answering: this.#answering, sink });
    this.#running = running;
    try {
      await running.open();
    } catch (thrown) {
      this.#running = null;
      // A link that failed after it was made would be made anew.
      await running.close();
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    await running?.close();
  }

  async publish(channel: string, draft: Draft): Promise<Ack> {
    return await this.#started().publish(channel, draft);
  }

  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    return await this.#started().read(channel, start, limit);
  }

  async tops(channels: readonly string[]): Promise<readonly Position[]> {
    return await this.#started().tops(channels);
  }

  async follow(channel: string): Promise<Position> {
    return await this.#started().follow(channel);
  }

  unfollow(channel: string): void {
    this.#running?.unfollow(channel);
  }

  #started(): Running {
    return this.#running ?? fail("engine_unavailable", "the Redis engine is not started");
  }
}

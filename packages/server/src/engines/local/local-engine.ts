// The local engine: one of several workers on a machine, whose log is kept by an owner in another process.
import { fail, type Position } from "@tidewire/protocol";
import type {
  Ack,
  Draft,
  Durability,
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
import { Working, type WorkingOptions } from "./working.ts";

/** Where a worker meets the owner of its log. */
export interface LocalEngineOptions {
  /** The owner's socket. */
  readonly path: string;
  /** Default: says nothing. */
  readonly log?: Log;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the operating system's. */
  readonly random?: Random;
}

/** An engine whose log is an owner's (`localOwner`). What an ack survives is the owner's engine to say, from the start on. */
export function localEngine(options: LocalEngineOptions): Engine {
  return new LocalEngine(options);
}

/** Live: they are known when the owner has been met. */
interface LocalTraits extends EngineTraits {
  durability: Durability;
  survivesRestart: boolean;
}

class LocalEngine implements Engine {
  readonly traits: EngineTraits;
  readonly cluster: EngineCluster;
  readonly members: EngineMembers = {
    enter: (channel, member) => this.#working?.join(channel, member),
    leave: (channel, session) => this.#working?.leave(channel, session),
    watch: async (channel, told) => await this.#started().watch(channel, told),
    unwatch: (channel) => this.#working?.unwatch(channel),
    list: async (channel) => await this.#started().list(channel),
  };
  readonly sources: EngineSources = {
    take: async (channel, ttlMs) => await this.#started().take(channel, ttlMs),
    release: (channel) => this.#working?.release(channel),
  };
  readonly #options: Omit<WorkingOptions, "sink">;
  #working: Working | null = null;

  constructor({ path, log, clock, random: given }: LocalEngineOptions) {
    if (path === "") throw new TypeError("the path of the owner's socket was expected, got an empty text");
    const random = given ?? systemRandom;
    const said: WorkingOptions["said"] = { node: random.token(96), answer: null };
    const traits: LocalTraits = {
      name: "local",
      durability: "volatile",
      survivesRestart: false,
    };
    this.traits = traits;
    this.cluster = this.#cluster(said);
    this.#options = {
      path,
      clock: clock ?? systemClock,
      random,
      log: log ?? silentLog,
      said,
      learn: ({ durability, survivesRestart }) => Object.assign(traits, { durability, survivesRestart }),
    };
  }

  /** Waits for the owner for 10 s. @throws {TidewireError} `engine_unavailable` */
  async start(sink: EngineSink): Promise<void> {
    if (this.#working !== null) throw new TypeError("a local engine that is stopped was expected, it is started");
    const working = new Working({ ...this.#options, sink });
    this.#working = working;
    try {
      await working.open();
    } catch (thrown) {
      this.#working = null;
      throw thrown;
    }
  }

  async stop(): Promise<void> {
    const working = this.#working;
    this.#working = null;
    await working?.close();
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
    this.#working?.unfollow(channel);
  }

  #cluster(said: WorkingOptions["said"]): EngineCluster {
    return {
      listen: (node, answer) => void Object.assign(said, { node, answer }),
      ask: async (node, question) => (await this.#started().ask(node, question))[0] ?? null,
      askAll: async (question) => await this.#started().ask(null, question),
    };
  }

  #started(): Working {
    return this.#working ?? fail("engine_unavailable", "the local engine is not started");
  }
}

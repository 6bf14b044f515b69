// The model engine: a node's face of the store, over a link that may be as bad as a world wants it.
import { fail } from "@tidewire/protocol";
import type { Position } from "@tidewire/protocol";
import type {
  Ack,
  Draft,
  Engine,
  EngineSink,
  EngineTraits,
  Page,
  PageLimit,
  PageStart,
} from "../../packages/server/src/engine/engine.ts";
import type { Store, StoreListener } from "./store.ts";

/** The way to the store. */
export interface Link {
  /** Has the store do something. @param isWrite When no answer comes, nobody knows whether it was done. */
  ask<T>(act: (store: Store) => T, isWrite: boolean): Promise<T>;
  /** What the store says from now on, and whether it can be reached. */
  attach(listener: StoreListener & Pick<EngineSink, "health">): void;
  detach(): void;
}

/** A way on which everything arrives at once. */
export function honestLink(store: Store): Link {
  let attached: StoreListener | null = null;
  return {
    ask: async (act) => act(store),
    attach: (listener) => {
      attached = listener;
      store.listeners.add(listener);
    },
    detach: () => {
      if (attached !== null) store.listeners.delete(attached);
    },
  };
}

export class ModelEngine implements Engine {
  readonly traits: EngineTraits = { name: "model", durability: "process", survivesRestart: true };
  readonly #link: Link;
  readonly #followed = new Set<string>();
  #isStarted = false;

  constructor(link: Link) {
    this.#link = link;
  }

  async start(sink: EngineSink): Promise<void> {
    this.#isStarted = true;
    this.#link.attach({
      announced: (channel, epoch, publication) => {
        if (this.#followed.has(channel)) sink.announced(channel, epoch, publication);
      },
      suspect: (channels) => sink.suspect(channels),
      health: (state) => {
        sink.health(state);
        // What was announced meanwhile may not have come.
        if (state === "up") sink.suspect("all");
      },
    });
  }

  async stop(): Promise<void> {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#followed.clear();
    this.#link.detach();
  }

  async publish(channel: string, draft: Draft): Promise<Ack> {
    this.#check();
    return await this.#link.ask((store) => store.publish(channel, draft), true);
  }

  async read(channel: string, start: PageStart, limit: PageLimit): Promise<Page> {
    this.#check();
    return await this.#link.ask((store) => store.read(channel, start, limit), false);
  }

  async tops(channels: readonly string[]): Promise<readonly Position[]> {
    this.#check();
    return await this.#link.ask((store) => channels.map((channel) => store.top(channel)), false);
  }

  async follow(channel: string): Promise<Position> {
    this.#check();
    this.#followed.add(channel);
    try {
      return await this.#link.ask((store) => store.top(channel), false);
    } catch (thrown) {
      this.#followed.delete(channel);
      throw thrown;
    }
  }

  unfollow(channel: string): void {
    this.#followed.delete(channel);
  }

  #check(): void {
    if (!this.#isStarted) fail("engine_unavailable", "the model engine is not started");
  }
}

// What channels keep, read by place: for whoever carries it elsewhere and keeps a place of its own.
import type { Position } from "@tidewire/protocol";
import type { Engine, Page, PageLimit } from "../engine/engine.ts";
import type { CatchUp } from "./catch-up.ts";
import type { Registry } from "./registry.ts";

/**
 * What channels keep. Reading subscribes to nothing: nobody is present in a channel by it, and no source begins.
 * @throws {TidewireError} `engine_unavailable`, from either.
 */
export interface Histories {
  /** Where channels stand, in the order asked; `null` for a name that is no channel's, or whose channel keeps nothing. */
  tops(channels: readonly string[]): Promise<readonly (Position | null)[]>;
  /**
   * What a channel keeps behind a position, oldest first; `null`: from the oldest on. A position of another epoch gives an
   * empty page, whose `top` tells the current one; one below the page's `floor` has a hole behind it.
   * @throws {TidewireError} `unknown_channel`, too.
   */
  read(channel: string, after: Position | null, limit: PageLimit): Promise<Page>;
}

interface HistoriesNode {
  readonly engine: Engine;
  readonly registry: Registry;
  readonly catchUp: CatchUp;
}

/** So many channels are asked about at once. */
const mostTops = 1_000;

export function historiesOf({ engine, registry, catchUp }: HistoriesNode): Histories {
  return {
    tops: async (channels) => {
      const kept = [...new Set(channels.filter((name) => keepsHistory(registry, name)))];
      const tops = new Map<string, Position>();
      for (let begin = 0; begin < kept.length; begin += mostTops) {
        const names = kept.slice(begin, begin + mostTops);
        const positions = await engine.tops(names);
        positions.forEach((position, index) => tops.set(names[index] ?? "", position));
      }
      return channels.map((name) => tops.get(name) ?? null);
    },
    read: async (channel, after, limit) => {
      registry.resolve(channel);
      return await catchUp.read(channel, after === null ? "oldest" : { after }, limit);
    },
  };
}

function keepsHistory(registry: Registry, name: string): boolean {
  try {
    return registry.resolve(name).definition.history !== null;
  } catch {
    // Whoever asks has the name from elsewhere, and is told that it is none.
    return false;
  }
}

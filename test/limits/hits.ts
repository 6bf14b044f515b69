// How often a limit's policy has happened, and a clock that a test moves.
import type { Clock, Tidewire } from "@tidewire/server";
import type { LimitName } from "../../packages/server/src/ports/metrics.ts";

export type { LimitName };

export function hits({ tide }: { readonly tide: Tidewire }, limit: LimitName): number {
  return tide.stats().counters[`limit_${limit}`] ?? 0;
}

/** Its time stands still until it is set, so that no rate gives anything back while a busy machine runs the test. */
export class StillClock implements Clock {
  ms = 0;

  now(): number {
    return this.ms;
  }

  wall(): number {
    return Date.now();
  }

  after(ms: number, act: () => void): () => void {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  }

  defer(act: () => void): void {
    setImmediate(act);
  }
}

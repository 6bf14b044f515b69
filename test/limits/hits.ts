// How often a limit's policy has happened, as `/metrics` and `stats` count it.
import type { Tidewire } from "@tidewire/server";
import type { LimitName } from "../../packages/server/src/ports/metrics.ts";
import type { Clock } from "@tidewire/server";

export type { LimitName };

export function hits({ tide }: { readonly tide: Tidewire }, limit: LimitName): number {
  return tide.stats().counters[`limit_${limit}`] ?? 0;
}

/** A clock whose time stands still, so that no rate gives anything back while a busy machine runs the test. */
export const stillClock: Clock = {
  now: () => 0,
  wall: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms).unref();
    return () => clearTimeout(timer);
  },
  defer: (act) => void setImmediate(act),
};

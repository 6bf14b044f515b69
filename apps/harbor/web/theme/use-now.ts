// The time of day, again and again while somebody looks at it.
import { useCallback, useSyncExternalStore } from "react";

const whenStillMs = 60_000;

/** Milliseconds since 1970 in whole steps of `everyMs`; `null`: it does not go on by itself. */
export function useNow(everyMs: number | null): number {
  const subscribe = useCallback(
    (changed: () => void) => {
      if (everyMs === null) return () => undefined;
      const timer = setInterval(changed, everyMs);
      return () => clearInterval(timer);
    },
    [everyMs],
  );
  const stepMs = everyMs ?? whenStillMs;
  return useSyncExternalStore(subscribe, () => Math.floor(Date.now() / stepMs) * stepMs);
}

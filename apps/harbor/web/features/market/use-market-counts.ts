// Counts what was published and what came here: the one is the server's own word, the other is counted on arrival.
import type { Channel } from "@tidewire/client";
import { latestOf } from "@tidewire/client/latest";
import { useEffect, useRef, useState } from "react";
import type { Quote } from "../../../contract/market.ts";
import { useTraffic } from "../../connection/traffic.ts";
import { countsAfter, type MarketCounts, type Reading } from "./market-counts.ts";

export type { MarketCounts } from "./market-counts.ts";

const askEveryMs = 1_000;

/** `null` until two readings have been taken. */
export function useMarketCounts(channel: Channel<Quote>, isPaused: boolean): MarketCounts | null {
  const traffic = useTraffic();
  const [counts, setCounts] = useState<MarketCounts | null>(null);
  const pausedRef = useRef(isPaused);
  useEffect(() => {
    pausedRef.current = isPaused;
  });
  useEffect(() => {
    const latest = latestOf(channel);
    let isAsked = false;
    let before: Reading | null = null;
    const read = async (): Promise<void> => {
      const { keys, status } = latest.getSnapshot();
      if (isAsked || keys.length === 0 || (status.kind !== "live" && status.kind !== "paused")) return;
      isAsked = true;
      try {
        const { position } = await channel.history({ limit: 1, reverse: true });
        if (position === null) return;
        const { received } = latest.getSnapshot();
        const reading: Reading = {
          ...position,
          delivered: received,
          characters: traffic.received,
          atMs: performance.now(),
          isPaused: pausedRef.current,
        };
        const last = before;
        before = reading;
        if (last !== null) setCounts((known) => countsAfter(known, last, reading));
      } catch {
        // Without an answer the figures stay as they are; what is said of the connection says why.
      } finally {
        isAsked = false;
      }
    };
    const timer = setInterval(() => void read(), askEveryMs);
    return () => clearInterval(timer);
  }, [channel, traffic]);
  return counts;
}

// Counts what was published and what came here: the one is the server's own word, the other is counted on arrival.
import type { Channel } from "@tidewire/client";
import { latestOf } from "@tidewire/client/latest";
import { useEffect, useRef, useState } from "react";
import type { Quote } from "../../../contract/market.ts";
import { useTraffic } from "../../connection/traffic.ts";
import { countsAfter, type MarketCounts, type Reading } from "./market-counts.ts";

const askEveryMs = 1_000;
const shortestSpanMs = 500;

export interface MarketReport {
  /** `null` until two readings have been taken. */
  readonly counts: MarketCounts | null;
  /** How long the server's answer took, or has been taking: what is shown is as old as that, for it waits in one line. */
  readonly lateMs: number;
}

/** Asks the server once a second how many quotes were published. */
export function useMarketReport(channel: Channel<Quote>, isPaused: boolean): MarketReport {
  const traffic = useTraffic();
  const [counts, setCounts] = useState<MarketCounts | null>(null);
  const [lateMs, setLateMs] = useState(0);
  const pausedRef = useRef(isPaused);
  useEffect(() => {
    pausedRef.current = isPaused;
  });
  useEffect(() => {
    const latest = latestOf(channel);
    let isAsked = false;
    let unansweredMs: number | null = null;
    let before: Reading | null = null;
    const take = (reading: Reading): void => {
      const last = before;
      // Answers that waited in one line come close together; a rate between two of them would say nothing.
      if (last !== null && reading.atMs - last.atMs < shortestSpanMs) return;
      before = reading;
      if (last !== null) setCounts((known) => countsAfter(known, last, reading));
    };
    const ask = async (): Promise<void> => {
      const { position } = await channel.history({ limit: 1, reverse: true });
      const { received: delivered } = latest.getSnapshot();
      const atMs = performance.now();
      setLateMs(atMs - (unansweredMs ?? atMs));
      unansweredMs = null;
      const { received: characters } = traffic;
      if (position !== null) take({ ...position, delivered, characters, atMs, isPaused: pausedRef.current });
    };
    const look = (): void => {
      const { keys, status } = latest.getSnapshot();
      if (status.kind !== "live" && status.kind !== "paused") unansweredMs = null;
      else if (isAsked) setLateMs(performance.now() - (unansweredMs ?? performance.now()));
      else if (keys.length > 0) {
        isAsked = true;
        unansweredMs ??= performance.now();
        const done = (): void => {
          isAsked = false;
        };
        // Without an answer the figures stay as they are, and the next one asks again.
        ask().then(done, done);
      }
    };
    const timer = setInterval(look, askEveryMs);
    return () => clearInterval(timer);
  }, [channel, traffic]);
  return { counts, lateMs };
}

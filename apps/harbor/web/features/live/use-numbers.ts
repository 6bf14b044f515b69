// The number feed in a component: what came, when the connection was lost, and pausing.
import type { Channel } from "@tidewire/client";
import { useChannel } from "@tidewire/react";
import { useCallback, useEffect, useState } from "react";
import { numbers } from "../../../contract/feed.ts";
import { type ShelfName, useKeptReducer } from "../../connection/kept.tsx";
import { emptyFeed, type FeedHistory, feedReducer } from "./feed-points.ts";
import { useFeedHistory } from "./use-feed-history.ts";
import { usePointFrom } from "./use-point-from.ts";

export type Flow =
  | { readonly kind: "running" }
  /** `waiting`: how many numbers the server keeps for us; `null` until it said so. */
  | { readonly kind: "paused"; readonly sinceMs: number; readonly waiting: number | null }
  /** `came`: how many have come since resuming. */
  | { readonly kind: "catching up"; readonly came: number }
  | { readonly kind: "caught up"; readonly came: number };

export interface Numbers {
  readonly feed: FeedHistory;
  /** Whether numbers are expected to come. */
  readonly isLive: boolean;
  readonly flow: Flow;
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Kept while one looks elsewhere. */
const feeds: ShelfName<FeedHistory> = { most: 1 };

const askEveryMs = 1_000;
const catchingUpMs = 600;
const caughtUpShownMs = 3_000;

export function useNumbers(): Numbers {
  const [feed, dispatch] = useKeptReducer(feedReducer, emptyFeed, { shelf: feeds, key: numbers.pattern });
  // What is here when the component comes; what comes after it is the effect's own business.
  const [kept] = useState(feed);
  const [flow, setFlow] = useState<Flow>({ kind: "running" });
  const pointFrom = usePointFrom();
  const view = useChannel(numbers, {
    keep: 0,
    pauseWhenHidden: true,
    onPublication: (publication) => {
      dispatch({ type: "came", points: pointFrom(publication, true) });
      setFlow((before) => (before.kind === "catching up" ? { ...before, came: before.came + 1 } : before));
    },
  });
  const { channel } = view;

  useFeedHistory({ channel, kept, dispatch, pointFrom });
  useWaiting(channel, flow, setFlow);
  useCatchingUp(flow, setFlow);
  const pause = useCallback(() => {
    channel.pause();
    setFlow({ kind: "paused", sinceMs: Date.now(), waiting: null });
  }, [channel]);
  const resume = useCallback(() => {
    channel.resume();
    setFlow({ kind: "catching up", came: 0 });
  }, [channel]);
  // A channel outlives the component that looks at it, and with it the pause.
  useEffect(() => () => channel.resume(), [channel]);
  return { feed, isLive: view.status.kind === "live", flow, pause, resume };
}

type SetFlow = (change: (before: Flow) => Flow) => void;

/** Asks how far the channel has come while we rest: what lies between that and our place is what waits for us. */
function useWaiting(channel: Channel<number>, flow: Flow, setFlow: SetFlow): void {
  const isPaused = flow.kind === "paused";
  useEffect(() => {
    if (!isPaused) return undefined;
    const ask = async (): Promise<void> => {
      const { position } = await channel.history({ limit: 1, reverse: true });
      const ours = channel.position;
      if (position === null || ours === null || position.epoch !== ours.epoch) return;
      const waiting = Math.max(0, position.offset - ours.offset);
      setFlow((before) => (before.kind === "paused" ? { ...before, waiting } : before));
    };
    const timer = setInterval(() => void ask().catch(() => undefined), askEveryMs);
    return () => clearInterval(timer);
  }, [channel, isPaused, setFlow]);
}

/** Says what came at once after resuming, and after a while nothing more. */
function useCatchingUp({ kind }: Flow, setFlow: SetFlow): void {
  useEffect(() => {
    if (kind !== "catching up" && kind !== "caught up") return undefined;
    const next = (before: Flow): Flow =>
      before.kind === "catching up" ? { kind: "caught up", came: before.came } : { kind: "running" };
    const timer = setTimeout(() => setFlow(next), kind === "catching up" ? catchingUpMs : caughtUpShownMs);
    return () => clearTimeout(timer);
  }, [kind, setFlow]);
}

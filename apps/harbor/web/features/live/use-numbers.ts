// The number feed in a component: what came, when the connection was lost, and pausing.
import type { Channel, Publication } from "@tidewire/client";
import type { Position } from "@tidewire/protocol";
import { useChannel } from "@tidewire/react";
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { feedIntervalMs, numbers } from "../../../contract/feed.ts";
import { emptyFeed, type FeedHistory, type FeedPoint, feedReducer } from "./feed-points.ts";

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

const historyWanted = 100;
const askEveryMs = 1_000;
const catchingUpMs = 600;
const caughtUpShownMs = 3_000;
/** Clocks this close count as the same. */
const sameClockMs = 2_000;

export function useNumbers(): Numbers {
  const [feed, dispatch] = useReducer(feedReducer, emptyFeed);
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

  useEffect(() => {
    const read = (): void => {
      channel.history({ limit: historyWanted, reverse: true }).then(
        (page) =>
          dispatch({ type: "came", points: page.publications.flatMap((publication) => pointFrom(publication, false)) }),
        // Then the line begins with what comes from now on.
        () => undefined,
      );
    };
    let wasUp = false;
    let hasHistory = false;
    const changed = (): void => {
      const { status } = channel;
      const isUp = status.kind === "live" || status.kind === "paused";
      if (isUp && !wasUp) {
        dispatch({ type: "back", atMs: Date.now(), recovered: status.recovered });
        if (!hasHistory || !status.recovered) read();
        hasHistory = true;
      } else if (!isUp && wasUp) dispatch({ type: "lost", atMs: Date.now() });
      wasUp = isUp;
    };
    changed();
    return channel.onState(changed);
  }, [channel, pointFrom]);

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

interface Anchor {
  readonly epoch: string;
  readonly offset: number;
  readonly atMs: number;
}

/**
 * Puts a publication on this page's clock: the server's may be minutes off, and the chart's right edge is our now.
 * Where the server does not tell times, offsets do: they count seconds.
 */
function usePointFrom(): (publication: Publication<number>, isFresh: boolean) => readonly FeedPoint[] {
  const aheadMs = useRef<number | null>(null);
  const anchor = useRef<Anchor | null>(null);
  return useCallback(({ atMs, data, id, position }, isFresh) => {
    if (position === null) return [];
    const { epoch, offset } = position;
    const nowMs = Date.now();
    if (isFresh && atMs !== null) aheadMs.current = Math.min(aheadMs.current ?? Number.POSITIVE_INFINITY, nowMs - atMs);
    const shiftMs = aheadMs.current === null || Math.abs(aheadMs.current) < sameClockMs ? 0 : aheadMs.current;
    const reckonedMs = atMs === null ? reckoned(anchor.current, position, nowMs) : atMs + shiftMs;
    if (anchor.current?.epoch !== epoch) anchor.current = { epoch, offset, atMs: reckonedMs };
    return [{ id, epoch, offset, value: data, atMs: reckonedMs }];
  }, []);
}

function reckoned(anchor: Anchor | null, { epoch, offset }: Position, nowMs: number): number {
  if (anchor === null || anchor.epoch !== epoch) return nowMs;
  return Math.min(nowMs, anchor.atMs + (offset - anchor.offset) * feedIntervalMs);
}

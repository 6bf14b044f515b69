// Where a publication of the number feed lies on this page's clock.
import type { Publication } from "@tidewire/client";
import type { Position } from "@tidewire/protocol";
import { useCallback, useRef } from "react";
import { feedIntervalMs } from "../../../contract/feed.ts";
import type { FeedPoint } from "./feed-points.ts";

/** None for a publication without a place; `isFresh`: it came the moment it was made. */
export type PointFrom = (publication: Publication<number>, isFresh: boolean) => readonly FeedPoint[];

/** Clocks this close count as the same. */
const sameClockMs = 2_000;

interface Anchor {
  readonly epoch: string;
  readonly offset: number;
  readonly atMs: number;
}

/**
 * Puts a publication on this page's clock: the server's may be minutes off, and the chart's right edge is our now.
 * Where the server does not tell times, offsets do: they count seconds.
 */
export function usePointFrom(): PointFrom {
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

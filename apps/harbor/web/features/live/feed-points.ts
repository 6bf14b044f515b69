// The numbers as they lie in time, with what is known of the times between: lost connections and gaps. Pure.

export interface FeedPoint {
  /** Epoch and offset: the same number is never counted twice. */
  readonly id: string;
  readonly epoch: string;
  readonly offset: number;
  readonly value: number;
  readonly atMs: number;
}

/** A time without a connection. */
export interface Outage {
  readonly fromMs: number;
  /** `null` while it lasts. */
  readonly toMs: number | null;
  /** Whether everything that was missed came afterwards; `null` while it lasts. */
  readonly recovered: boolean | null;
}

export interface FeedHistory {
  /** By time. */
  readonly points: readonly FeedPoint[];
  readonly outages: readonly Outage[];
}

export const emptyFeed: FeedHistory = { points: [], outages: [] };

const pointsKept = 300;
const outagesKept = 20;

export type FeedAction =
  | { readonly type: "came"; readonly points: readonly FeedPoint[] }
  | { readonly type: "lost"; readonly atMs: number }
  | { readonly type: "back"; readonly atMs: number; readonly recovered: boolean };

export function feedReducer(feed: FeedHistory, action: FeedAction): FeedHistory {
  switch (action.type) {
    case "came":
      return { ...feed, points: withPoints(feed.points, action.points) };
    case "lost":
      if (feed.outages.at(-1)?.toMs === null) return feed;
      return {
        ...feed,
        outages: [...feed.outages, { fromMs: action.atMs, toMs: null, recovered: null }].slice(-outagesKept),
      };
    case "back":
      return {
        ...feed,
        outages: feed.outages.map((outage) =>
          outage.toMs === null ? { ...outage, toMs: action.atMs, recovered: action.recovered } : outage,
        ),
      };
  }
}

function withPoints(points: readonly FeedPoint[], coming: readonly FeedPoint[]): readonly FeedPoint[] {
  const known = new Set(points.map((point) => point.id));
  const fresh = coming.filter((point) => !known.has(point.id));
  if (fresh.length === 0) return points;
  const all = [...points, ...fresh];
  const last = points.at(-1);
  const isInOrder = fresh.length === 1 && (last === undefined || last.atMs <= (fresh[0]?.atMs ?? 0));
  return (isInOrder ? all : all.toSorted((one, other) => one.atMs - other.atMs)).slice(-pointsKept);
}

/** Whether the line breaks between two points: something is missing there, or nobody made numbers. */
export function isBroken(before: FeedPoint, after: FeedPoint, intervalMs: number): boolean {
  if (before.epoch !== after.epoch || after.offset !== before.offset + 1) return true;
  return after.atMs - before.atMs > 3 * intervalMs;
}

export interface FeedFigures {
  readonly last: number;
  readonly mean: number;
  /** Standard deviation. */
  readonly spread: number;
  readonly count: number;
}

export function figuresOf(points: readonly FeedPoint[]): FeedFigures | null {
  const last = points.at(-1);
  if (last === undefined) return null;
  const mean = points.reduce((sum, point) => sum + point.value, 0) / points.length;
  const variance = points.reduce((sum, point) => sum + (point.value - mean) ** 2, 0) / points.length;
  return { last: last.value, mean, spread: Math.sqrt(variance), count: points.length };
}

// The number feed as a chart that goes on by itself.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { feedIntervalMs } from "../../../contract/feed.ts";
import { useNow } from "../../theme/use-now.ts";
import { useSize } from "../../theme/use-size.ts";
import { useThemeChoice } from "../../theme/theme-choice.ts";
import { timeWithSeconds } from "../../theme/words-for-time.ts";
import { drawFeed, type FeedColours, type FeedScene, scaleOf } from "./draw-feed.ts";
import { type FeedHistory, type FeedPoint, figuresOf } from "./feed-points.ts";

interface FeedChartProps {
  readonly feed: FeedHistory;
  readonly pausedSinceMs?: number | null;
  readonly isBare?: boolean;
  readonly className: string;
}

export function FeedChart({ feed, pausedSinceMs = null, isBare = false, className }: FeedChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSize(frame);
  const theme = useTheme();
  const [pointed, setPointed] = useState<FeedPoint | null>(null);
  const nowMs = useEdge(feed);

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (element === null || context === null || context === undefined || size === null) return;
    const ratio = devicePixelRatio;
    element.width = Math.round(size.widthPx * ratio);
    element.height = Math.round(size.heightPx * ratio);
    context.scale(ratio, ratio);
    const scene: FeedScene = { feed, nowMs, pausedSinceMs, pointed, isBare, ...size, ...looksOf(element) };
    drawFeed(context, scene);
  }, [feed, nowMs, pausedSinceMs, pointed, isBare, size, theme]);

  function pointAt(clientX: number): void {
    const element = canvas.current;
    if (element === null || size === null) return;
    const { x } = scaleOf({ ...size, nowMs, isBare });
    setPointed(nearest(feed.points, clientX - element.getBoundingClientRect().left, x));
  }

  return (
    <div
      ref={frame}
      role="img"
      aria-label={described(feed)}
      className={`relative ${className}`}
      onPointerMove={(event) => pointAt(event.clientX)}
      onPointerLeave={() => setPointed(null)}
    >
      <canvas ref={canvas} className="absolute inset-0 size-full text-xs" />
      {pointed !== null && size !== null && (
        <Readout point={pointed} leftPx={scaleOf({ ...size, nowMs, isBare }).x(pointed.atMs)} widthPx={size.widthPx} />
      )}
    </div>
  );
}

function Readout({
  point,
  leftPx,
  widthPx,
}: {
  readonly point: FeedPoint;
  readonly leftPx: number;
  readonly widthPx: number;
}) {
  return (
    <p
      style={{ left: Math.min(Math.max(leftPx, 56), widthPx - 56) }}
      className="figures pointer-events-none absolute top-0 -translate-x-1/2 rounded-md bg-text px-2 py-0.5 text-xs whitespace-nowrap text-bg"
    >
      <strong className="font-semibold">{point.value}</strong> at {timeWithSeconds(point.atMs)}
    </p>
  );
}

function nearest(points: readonly FeedPoint[], px: number, x: (atMs: number) => number): FeedPoint | null {
  let best: FeedPoint | null = null;
  let bestPx = 14;
  for (const point of points) {
    const awayPx = Math.abs(x(point.atMs) - px);
    if (awayPx < bestPx) [best, bestPx] = [point, awayPx];
  }
  return best;
}

function described({ points }: FeedHistory): string {
  const figures = figuresOf(points);
  if (figures === null) return "Chart of the number feed, still empty";
  return `Chart of the number feed: the last number is ${figures.last}, the mean ${figures.mean.toFixed(1)}`;
}

/**
 * The right edge: the newest number while they come, so that the chart moves once for each; else the time, which goes on
 * every second.
 */
function useEdge({ points }: FeedHistory): number {
  const nowMs = useNow(feedIntervalMs);
  const lastMs = points.at(-1)?.atMs ?? 0;
  return nowMs - lastMs < 1.5 * feedIntervalMs ? lastMs : nowMs;
}

/** Changes whenever the colours may have. */
function useTheme(): string {
  const choice = useThemeChoice();
  const [isDark, setIsDark] = useState(() => darkQuery.matches);
  useEffect(() => {
    const changed = (): void => setIsDark(darkQuery.matches);
    darkQuery.addEventListener("change", changed);
    return () => darkQuery.removeEventListener("change", changed);
  }, []);
  return `${choice} ${isDark}`;
}

const darkQuery = matchMedia("(prefers-color-scheme: dark)");

function looksOf(element: Element): { colours: FeedColours; font: string } {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name);
  return {
    font: `400 ${style.fontSize} ${style.fontFamily}`,
    colours: {
      line: read("--line"),
      text: read("--text"),
      soft: read("--text-soft"),
      accent: read("--accent"),
      warn: read("--warn"),
      warnSoft: read("--warn-soft"),
      good: read("--good"),
      background: read("--bg"),
    },
  };
}

// Draws the number feed on a canvas: two grid lines, the line with its gaps, lost times as bands, the last value at its end.
import { feedIntervalMs } from "../../../contract/feed.ts";
import { type FeedHistory, type FeedPoint, isBroken, type Outage } from "./feed-points.ts";

export interface FeedColours {
  readonly line: string;
  readonly text: string;
  readonly soft: string;
  readonly accent: string;
  readonly warn: string;
  readonly warnSoft: string;
  readonly good: string;
  readonly background: string;
}

export interface FeedScene {
  readonly feed: FeedHistory;
  /** The right edge. */
  readonly nowMs: number;
  /** Set while paused: what lies after it waits at the server. */
  readonly pausedSinceMs: number | null;
  /** The point under the pointer. */
  readonly pointed: FeedPoint | null;
  readonly colours: FeedColours;
  readonly font: string;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Without labels and times, for small places. */
  readonly isBare: boolean;
}

const leftPx = 24;
const rightPx = 40;
const topPx = 14;
const bottomPx = 24;
const lowest = 0;
const highest = 10.6;
const gridValues = [5, 10];

export interface FeedScale {
  readonly windowMs: number;
  readonly x: (atMs: number) => number;
  readonly y: (value: number) => number;
}

export function scaleOf({
  widthPx,
  heightPx,
  nowMs,
  isBare,
}: Pick<FeedScene, "widthPx" | "heightPx" | "nowMs" | "isBare">): FeedScale {
  const left = isBare ? 0 : leftPx;
  const bottom = isBare ? topPx : bottomPx;
  const plotPx = Math.max(1, widthPx - left - rightPx);
  // A second gets 13 pixels; the small one is to look full soon.
  const windowMs = isBare ? 30_000 : Math.min(120_000, Math.max(30_000, Math.round(plotPx / 13) * 1_000));
  return {
    windowMs,
    x: (atMs) => left + plotPx * (1 - (nowMs - atMs) / windowMs),
    y: (value) => topPx + (heightPx - topPx - bottom) * (1 - (value - lowest) / (highest - lowest)),
  };
}

type Canvas = CanvasRenderingContext2D;

export function drawFeed(canvas: Canvas, scene: FeedScene): void {
  const scale = scaleOf(scene);
  canvas.clearRect(0, 0, scene.widthPx, scene.heightPx);
  canvas.font = scene.font;
  drawGrid(canvas, scene, scale);
  const left = scene.isBare ? 0 : leftPx;
  canvas.save();
  canvas.beginPath();
  canvas.rect(left - 4, 0, scene.widthPx - left + 4, scene.heightPx);
  canvas.clip();
  for (const outage of scene.feed.outages) drawOutage(canvas, { scene, scale, outage });
  if (scene.pausedSinceMs !== null) drawPause(canvas, scene, scale);
  const points = scene.feed.points.filter((point) => point.atMs > scene.nowMs - scale.windowMs - 2_000);
  drawLine(canvas, { scene, scale, points });
  canvas.restore();
  const last = points.at(-1);
  if (last !== undefined) drawEnd(canvas, { scene, scale, last });
  if (scene.pointed !== null) drawPointed(canvas, { scene, scale, point: scene.pointed });
}

function drawGrid(canvas: Canvas, scene: FeedScene, scale: FeedScale): void {
  const left = scene.isBare ? 0 : leftPx;
  canvas.strokeStyle = scene.colours.line;
  canvas.fillStyle = scene.colours.soft;
  canvas.lineWidth = 1;
  canvas.textBaseline = "middle";
  canvas.textAlign = "right";
  for (const value of gridValues) {
    const y = Math.round(scale.y(value)) + 0.5;
    canvas.beginPath();
    canvas.moveTo(left, y);
    canvas.lineTo(scene.widthPx - rightPx, y);
    canvas.stroke();
    if (!scene.isBare) canvas.fillText(String(value), left - 8, y);
  }
  if (scene.isBare) return;
  canvas.textBaseline = "alphabetic";
  const stepMs = scale.windowMs > 70_000 ? 30_000 : 15_000;
  for (let agoMs = 0; agoMs <= scale.windowMs - stepMs / 3; agoMs += stepMs) {
    canvas.textAlign = agoMs === 0 ? "right" : "center";
    const label = agoMs === 0 ? "now" : `${agoMs / 1_000} s ago`;
    canvas.fillText(label, scale.x(scene.nowMs - agoMs) + (agoMs === 0 ? 4 : 0), scene.heightPx - 6);
  }
}

interface OutageDrawing {
  readonly scene: FeedScene;
  readonly scale: FeedScale;
  readonly outage: Outage;
}

function drawOutage(canvas: Canvas, { scene, scale, outage }: OutageDrawing): void {
  const from = scale.x(outage.fromMs);
  const to = scale.x(outage.toMs ?? scene.nowMs);
  if (to < 0) return;
  const bottom = scale.y(lowest);
  canvas.fillStyle = scene.colours.warnSoft;
  canvas.fillRect(from, topPx, Math.max(2, to - from), bottom - topPx);
  if (outage.toMs !== null) {
    const isGood = outage.recovered === true;
    canvas.strokeStyle = isGood ? scene.colours.good : scene.colours.warn;
    canvas.lineWidth = 1.5;
    canvas.beginPath();
    canvas.moveTo(to, topPx);
    canvas.lineTo(to, bottom);
    canvas.stroke();
    canvas.fillStyle = canvas.strokeStyle;
    canvas.beginPath();
    canvas.moveTo(to - 4, topPx - 5);
    canvas.lineTo(to + 4, topPx - 5);
    canvas.lineTo(to, topPx + 1);
    canvas.fill();
  }
  label(canvas, { scene, text: "connection lost", from, to });
}

function drawPause(canvas: Canvas, scene: FeedScene, scale: FeedScale): void {
  const from = scale.x(scene.pausedSinceMs ?? scene.nowMs);
  const to = scale.x(scene.nowMs);
  const bottom = scale.y(lowest);
  canvas.save();
  canvas.beginPath();
  canvas.rect(from, topPx, Math.max(0, to - from), bottom - topPx);
  canvas.clip();
  canvas.strokeStyle = scene.colours.line;
  canvas.lineWidth = 1;
  canvas.beginPath();
  for (let x = Math.floor((from - bottom) / 9) * 9; x < to; x += 9) {
    canvas.moveTo(x, bottom);
    canvas.lineTo(x + bottom - topPx, topPx);
  }
  canvas.stroke();
  canvas.restore();
  label(canvas, { scene, text: "paused", from, to });
}

interface LabelDrawing {
  readonly scene: FeedScene;
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Only where there is room for it. */
function label(canvas: Canvas, { scene, text, from, to }: LabelDrawing): void {
  const start = Math.max(from, scene.isBare ? 0 : leftPx);
  if (to - start < canvas.measureText(text).width + 12) return;
  canvas.fillStyle = scene.colours.text;
  canvas.textAlign = "left";
  canvas.textBaseline = "top";
  canvas.fillText(text, start + 6, topPx + 5);
}

interface LineDrawing {
  readonly scene: FeedScene;
  readonly scale: FeedScale;
  readonly points: readonly FeedPoint[];
}

function drawLine(canvas: Canvas, { scene, scale, points }: LineDrawing): void {
  canvas.strokeStyle = scene.colours.accent;
  canvas.fillStyle = scene.colours.accent;
  canvas.lineWidth = 2;
  canvas.lineJoin = "round";
  canvas.lineCap = "round";
  canvas.beginPath();
  points.forEach((point, index) => {
    const before = points[index - 1];
    const starts = before === undefined || isBroken(before, point, feedIntervalMs);
    if (starts) canvas.moveTo(scale.x(point.atMs), scale.y(point.value));
    canvas.lineTo(scale.x(point.atMs), scale.y(point.value));
  });
  canvas.stroke();
}

interface EndDrawing {
  readonly scene: FeedScene;
  readonly scale: FeedScale;
  readonly last: FeedPoint;
}

function drawEnd(canvas: Canvas, { scene, scale, last }: EndDrawing): void {
  const x = scale.x(last.atMs);
  const y = scale.y(last.value);
  if (x < leftPx) return;
  dot(canvas, { x, y, radius: 4, fill: scene.colours.accent, ring: scene.colours.background });
  canvas.fillStyle = scene.colours.text;
  canvas.textAlign = "left";
  canvas.textBaseline = "middle";
  canvas.save();
  canvas.font = scene.font.replace(/^\S+ /, "600 ");
  canvas.fillText(String(last.value), x + 11, y + 0.5);
  canvas.restore();
}

function drawPointed(
  canvas: Canvas,
  { scene, scale, point }: { scene: FeedScene; scale: FeedScale; point: FeedPoint },
): void {
  dot(canvas, {
    x: scale.x(point.atMs),
    y: scale.y(point.value),
    radius: 5,
    fill: scene.colours.background,
    ring: scene.colours.accent,
  });
}

interface Dot {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly fill: string;
  readonly ring: string;
}

function dot(canvas: Canvas, { x, y, radius, fill, ring }: Dot): void {
  canvas.beginPath();
  canvas.arc(x, y, radius, 0, 2 * Math.PI);
  canvas.fillStyle = fill;
  canvas.fill();
  canvas.strokeStyle = ring;
  canvas.lineWidth = 2;
  canvas.stroke();
}

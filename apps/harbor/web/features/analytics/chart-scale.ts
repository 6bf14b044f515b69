// Where things stand in a chart of minutes.
import { minuteMs, minutesShown } from "../../../contract/analytics.ts";

const margin = { leftPx: 40, rightPx: 48, topPx: 10, bottomPx: 22 };

export interface ChartScale {
  readonly leftPx: number;
  readonly rightPx: number;
  readonly bottomPx: number;
  /** Of one minute. */
  readonly stepPx: number;
  /** The left edge of a minute; of the one after the last the right edge of all. */
  readonly x: (index: number) => number;
  readonly y: (value: number) => number;
  /** Two at most, and neither is nothing. */
  readonly grid: readonly number[];
}

/** @param most The highest value. */
export function scaleFor(size: { readonly widthPx: number; readonly heightPx: number }, most: number): ChartScale {
  const top = niceTop(most);
  const plotPx = Math.max(minutesShown, size.widthPx - margin.leftPx - margin.rightPx);
  const bottomPx = size.heightPx - margin.bottomPx;
  return {
    leftPx: margin.leftPx,
    rightPx: margin.leftPx + plotPx,
    bottomPx,
    stepPx: plotPx / minutesShown,
    x: (index) => margin.leftPx + (plotPx * index) / minutesShown,
    y: (value) => bottomPx - (Math.max(1, bottomPx - margin.topPx) * value) / top,
    grid: [top / 2, top],
  };
}

/** The next of 2, 4, 10, 20, 40, 100 …: halves of these are round too. Of fractions as well. */
export function niceTop(most: number): number {
  if (!(most > 0)) return 2;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 4].find((factor) => most <= factor * power) ?? 10;
  return step * power;
}

/** Quarters of an hour as the clock has them, with the minutes in which they begin. */
export function quarters(fromMs: number, everyMinutes: number): readonly { index: number; atMs: number }[] {
  return Array.from({ length: minutesShown }, (_none, index) => ({ index, atMs: fromMs + index * minuteMs })).filter(
    ({ atMs }) => new Date(atMs).getMinutes() % everyMinutes === 0,
  );
}

/** Pieces of a line: a minute without a value is a gap. */
export function piecesOf(values: readonly (number | null)[]): readonly (readonly { index: number; value: number }[])[] {
  const pieces: { index: number; value: number }[][] = [];
  values.forEach((value, index) => {
    if (value === null) return;
    const last = pieces.at(-1);
    if (last?.at(-1)?.index === index - 1) last.push({ index, value });
    else pieces.push([{ index, value }]);
  });
  return pieces;
}

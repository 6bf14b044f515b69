// Counts by minute as bars; where there are several series, each stands on the others' shoulders.
import { whole } from "../market/words-for-quotes.ts";
import { ChartFrame, EndLabel } from "./chart-frame.tsx";
import type { ChartScale } from "./chart-scale.ts";
import { type Series, totalsOf } from "./series.ts";

interface BarsChartProps {
  readonly fromMs: number;
  readonly series: readonly Series[];
  /** What is counted: "messages". */
  readonly noun: string;
  readonly className: string;
}

export function BarsChart({ fromMs, series, noun, className }: BarsChartProps) {
  const totals = totalsOf(series);
  const last = totals.at(-1) ?? 0;
  const most = Math.max(...totals);
  return (
    <ChartFrame
      fromMs={fromMs}
      // Of one there is no half to draw a line at.
      most={Math.max(2, most)}
      label={`Chart of ${noun} by minute: ${whole(last)} in this one, ${whole(most)} at most`}
      words={whole}
      readout={(index) => `${whole(totals[index] ?? 0)} ${noun}`}
      className={className}
    >
      {(scale) => (
        <>
          {totals.map((total, index) => total > 0 && <Bar key={index} index={index} scale={scale} series={series} />)}
          {last > 0 && <EndLabel scale={scale} value={last} words={whole(last)} />}
        </>
      )}
    </ChartFrame>
  );
}

interface BarProps {
  readonly index: number;
  readonly scale: ChartScale;
  readonly series: readonly Series[];
}

function Bar({ index, scale, series }: BarProps) {
  const gapPx = scale.stepPx > 6 ? 2 : 1;
  let below = 0;
  return series.map(({ id, colour, counts }) => {
    const count = counts[index] ?? 0;
    if (count === 0) return null;
    const [bottom, top] = [scale.y(below), scale.y(below + count)];
    below += count;
    return (
      <rect
        key={id}
        x={scale.x(index) + gapPx / 2}
        width={scale.stepPx - gapPx}
        y={top}
        height={Math.max(1, bottom - top)}
        style={{ fill: colour }}
      />
    );
  });
}

// What all charts of minutes have: two grid lines, times below, and the minute under the pointer.
import { type ReactNode, useRef, useState } from "react";
import { minuteMs, minutesShown } from "../../../contract/analytics.ts";
import { classNames } from "../../theme/class-names.ts";
import { useSize } from "../../theme/use-size.ts";
import { timeOf } from "../../theme/words-for-time.ts";
import { type ChartScale, quarters, scaleFor } from "./chart-scale.ts";

interface ChartFrameProps {
  readonly fromMs: number;
  /** The highest value there is. */
  readonly most: number;
  /** What the chart says, for those who do not see it. */
  readonly label: string;
  readonly words: (value: number) => string;
  /** What was in a minute. */
  readonly readout: (index: number) => string;
  readonly className: string;
  readonly children: (scale: ChartScale) => ReactNode;
}

const narrowPx = 420;

export function ChartFrame({ fromMs, most, label, words, readout, className, children }: ChartFrameProps) {
  const frame = useRef<HTMLDivElement>(null);
  const size = useSize(frame);
  const [pointed, setPointed] = useState<number | null>(null);
  const scale = size && scaleFor(size, most);
  function pointAt(clientX: number): void {
    if (scale === null || frame.current === null) return;
    const px = clientX - frame.current.getBoundingClientRect().left - scale.leftPx;
    const index = Math.floor(px / scale.stepPx);
    setPointed(index >= 0 && index < minutesShown ? index : null);
  }
  return (
    <div
      ref={frame}
      role="img"
      aria-label={label}
      className={classNames("relative min-w-0", className)}
      onPointerMove={(event) => pointAt(event.clientX)}
      onPointerLeave={() => setPointed(null)}
    >
      {scale !== null && (
        <svg aria-hidden className="figures absolute inset-0 size-full overflow-visible text-xs">
          <Grid scale={scale} words={words} />
          {pointed !== null && (
            <rect x={scale.x(pointed)} width={scale.stepPx} y={0} height={scale.bottomPx} className="fill-hover" />
          )}
          {children(scale)}
          <Times scale={scale} fromMs={fromMs} everyMinutes={size !== null && size.widthPx < narrowPx ? 30 : 15} />
        </svg>
      )}
      {pointed !== null && scale !== null && (
        <p
          style={{ left: Math.min(Math.max(scale.x(pointed), 90), Math.max(90, scale.rightPx - 50)) }}
          className="figures pointer-events-none absolute -top-2 z-10 -translate-x-1/2 rounded-md bg-text px-2 py-0.5 text-xs whitespace-nowrap text-bg"
        >
          {timeOf(fromMs + pointed * minuteMs)} · {readout(pointed)}
        </p>
      )}
    </div>
  );
}

function Grid({ scale, words }: { readonly scale: ChartScale; readonly words: (value: number) => string }) {
  return scale.grid.map((value) => {
    const y = Math.round(scale.y(value)) + 0.5;
    return (
      <g key={value}>
        <line x1={scale.leftPx} x2={scale.rightPx} y1={y} y2={y} className="stroke-line" />
        <text x={scale.leftPx - 8} y={y} textAnchor="end" dominantBaseline="middle" className="fill-soft">
          {words(value)}
        </text>
      </g>
    );
  });
}

interface TimesProps {
  readonly scale: ChartScale;
  readonly fromMs: number;
  readonly everyMinutes: number;
}

function Times({ scale, fromMs, everyMinutes }: TimesProps) {
  return (
    <>
      <line x1={scale.leftPx} x2={scale.rightPx} y1={scale.bottomPx} y2={scale.bottomPx} className="stroke-line" />
      {quarters(fromMs, everyMinutes).map(({ index, atMs }) => (
        <text key={atMs} x={scale.x(index)} y={scale.bottomPx + 16} textAnchor="middle" className="fill-soft">
          {timeOf(atMs)}
        </text>
      ))}
    </>
  );
}

/** The newest value, at the end of what it belongs to. */
export function EndLabel({
  scale,
  value,
  words,
}: {
  readonly scale: ChartScale;
  readonly value: number;
  readonly words: string;
}) {
  return (
    <text x={scale.rightPx + 8} y={scale.y(value)} dominantBaseline="middle" className="fill-text font-semibold">
      {words}
    </text>
  );
}

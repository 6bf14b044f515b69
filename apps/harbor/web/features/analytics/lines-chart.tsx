// One or two values by minute, as lines with their gaps.
import { ChartFrame, EndLabel } from "./chart-frame.tsx";
import { type ChartScale, piecesOf } from "./chart-scale.ts";

export interface Line {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** The second of two. */
  readonly isSoft?: boolean;
}

interface LinesChartProps {
  readonly fromMs: number;
  readonly lines: readonly Line[];
  /** What the values are, for those who do not see the chart. */
  readonly label: string;
  readonly words: (value: number) => string;
  readonly className: string;
}

export function LinesChart({ fromMs, lines, label, words, className }: LinesChartProps) {
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const newest = lines.flatMap(({ name, values: all }) => {
    const value = all.findLast((one) => one !== null);
    return value === undefined || value === null ? [] : `${name} ${words(value)}`;
  });
  const inMinute = (index: number) =>
    lines.flatMap((line) => {
      const value = line.values[index] ?? null;
      return value === null ? [] : `${line.name} ${words(value)}`;
    });
  return (
    <ChartFrame
      fromMs={fromMs}
      most={Math.max(0, ...values)}
      label={`${label}: ${newest.join(", ") || "nothing yet"}`}
      words={words}
      readout={(index) => inMinute(index).join(", ") || "nobody looked"}
      className={className}
    >
      {(scale) => lines.map((line) => <LinePieces key={line.name} line={line} scale={scale} words={words} />)}
    </ChartFrame>
  );
}

interface LinePiecesProps {
  readonly line: Line;
  readonly scale: ChartScale;
  readonly words: (value: number) => string;
}

function LinePieces({ line, scale, words }: LinePiecesProps) {
  const pieces = piecesOf(line.values);
  const last = pieces.at(-1)?.at(-1);
  const x = (index: number): number => scale.x(index + 0.5);
  return (
    <g className={line.isSoft === true ? "stroke-soft" : "stroke-accent"}>
      {pieces.map((piece) => (
        <polyline
          key={piece[0]?.index}
          points={piece.map(({ index, value }) => `${x(index)},${scale.y(value)}`).join(" ")}
          fill="none"
          strokeWidth={line.isSoft === true ? 1.5 : 2}
          strokeLinecap="round"
          strokeLinejoin="round"
          strokeDasharray={line.isSoft === true ? "1 4" : undefined}
        />
      ))}
      {pieces
        .filter((piece) => piece.length === 1)
        .map(([only]) => only && <circle key={only.index} cx={x(only.index)} cy={scale.y(only.value)} r={1} />)}
      {last !== undefined && line.isSoft !== true && (
        <g stroke="none">
          <EndLabel scale={scale} value={last.value} words={words(last.value)} />
        </g>
      )}
    </g>
  );
}

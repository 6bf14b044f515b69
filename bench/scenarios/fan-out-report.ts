// What the rounds of a fan-out come to: medians, spans, and ratios to the yardstick of the same round.
import { type ContestantName, yardstick } from "../contestants.ts";
import { type Measured, type Span, spanOf, spanText, tableOf } from "tidewire/bench";

export interface FanOutRow extends Measured {
  readonly contestant: ContestantName;
  readonly load: string;
  readonly rate: number;
  readonly burst: number;
  readonly bytesPerConnection: number;
}

export interface FanOutSummary {
  readonly contestant: string;
  readonly load: string;
  /** Rates of publishing that were measured: lower ones where the server fell behind. */
  readonly rates: readonly number[];
  /** Rounds whose figures count, of how many. */
  readonly valid: number;
  readonly rounds: number;
  readonly cpuUsPerDelivery: Span | null;
  readonly ratio: Span | null;
  readonly p50Ms: Span | null;
  readonly p99Ms: Span | null;
  readonly p999Ms: Span | null;
  readonly deliveriesPerSecond: Span | null;
  readonly bytesPerConnection: Span | null;
  /** Other programs' share of the machine meanwhile. */
  readonly othersShare: Span | null;
  readonly lost: number;
  readonly repeated: number;
  readonly reordered: number;
  readonly problems: readonly string[];
}

export function summaryOf(rounds: readonly (readonly FanOutRow[])[]): FanOutSummary[] {
  return (rounds[0] ?? []).map(({ contestant, load }) => {
    const isSame = (row: FanOutRow): boolean => row.contestant === contestant && row.load === load;
    const rows = rounds.flatMap((round) => round.filter(isSame));
    const valid = rows.filter((row) => row.problems.length === 0);
    const sum = (of: (row: FanOutRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
    const span = (of: (row: FanOutRow) => number): Span | null => spanOf(valid.map(of));
    return {
      contestant,
      load,
      rates: [...new Set(rows.map((row) => row.rate))],
      valid: valid.length,
      rounds: rows.length,
      cpuUsPerDelivery: span((row) => row.cpuUsPerDelivery),
      ratio: spanOf(rounds.flatMap((round) => ratioIn(round, round.find(isSame)))),
      p50Ms: span((row) => row.p50Ms),
      p99Ms: span((row) => row.p99Ms),
      p999Ms: span((row) => row.p999Ms),
      deliveriesPerSecond: span((row) => row.deliveriesPerSecond),
      bytesPerConnection: span((row) => row.bytesPerConnection),
      othersShare: span((row) => row.othersShare),
      lost: sum((row) => row.lost),
      repeated: sum((row) => row.repeated),
      reordered: sum((row) => row.reordered),
      problems: [...new Set(rows.flatMap((row) => row.problems))],
    };
  });
}

/** CPU per delivery by the yardstick's of the same round; nothing where one of them does not count. */
function ratioIn(round: readonly FanOutRow[], row: FanOutRow | undefined): number[] {
  const other = round.find((candidate) => candidate.contestant === yardstick && candidate.load === row?.load);
  if (row === undefined || other === undefined || row.problems.length + other.problems.length > 0) return [];
  return [row.cpuUsPerDelivery / other.cpuUsPerDelivery];
}

const head = ["", "msg/s", "µs CPU/delivery", "× naive ws", "p50 ms", "p99 ms", "p99.9 ms", "deliveries/s"];
const counts = ["lost", "repeated", "reordered", "B/idle conn.", "others' %", "valid"];

export function reportOf(summary: readonly FanOutSummary[]): string {
  const loads = [...new Set(summary.map((row) => row.load))];
  const tables = loads.map((load) => {
    const rows = summary.filter((row) => row.load === load);
    return `${load}\n${tableOf([[...head, ...counts], ...rows.map(cellsOf)])}`;
  });
  const bad = summary.filter((row) => row.problems.length > 0);
  const notes = bad.map((row) => `${row.contestant}, ${row.load}: ${row.problems.join(", ")}`);
  return [...tables, ...(notes.length === 0 ? [] : [notes.join("\n")])].join("\n\n");
}

function cellsOf(row: FanOutSummary): string[] {
  const spans = [row.cpuUsPerDelivery, row.ratio, row.p50Ms, row.p99Ms, row.p999Ms];
  return [
    row.contestant,
    row.rates.map(String).join(", "),
    ...spans.map(spanText),
    spanText(median(row.deliveriesPerSecond)),
    ...[row.lost, row.repeated, row.reordered].map(String),
    spanText(median(row.bytesPerConnection)),
    spanText(median(percent(row.othersShare))),
    `${row.valid}/${row.rounds}`,
  ];
}

function median(span: Span | null): Span | null {
  return span === null ? null : { median: span.median, min: span.median, max: span.median };
}

function percent(span: Span | null): Span | null {
  if (span === null) return null;
  const [middle, min, max] = [span.median, span.min, span.max].map((share) => Math.round(share * 100));
  return { median: middle ?? 0, min: min ?? 0, max: max ?? 0 };
}

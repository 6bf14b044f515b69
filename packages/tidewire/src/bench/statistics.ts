// Medians and spans of what was measured in several rounds.

/** What several rounds came to. */
export interface Span {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** `null` of nothing; NaN, which nobody could measure, is nothing. */
export function spanOf(values: readonly number[]): Span | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((one, other) => one - other);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (min === undefined || max === undefined || low === undefined || high === undefined) return null;
  return { median: (low + high) / 2, min, max };
}

/** Three digits that count, such as `0.462` or `1,204`. */
export function short(value: number): string {
  if (value !== 0 && Math.abs(value) < 100) return String(Number(value.toPrecision(3)));
  return Math.round(value).toLocaleString("en-US");
}

/** `1.2 (1.1–1.4)`; `–` where nothing was measured. */
export function spanText(span: Span | null): string {
  if (span === null) return "–";
  return span.min === span.max ? short(span.median) : `${short(span.median)} (${short(span.min)}–${short(span.max)})`;
}

/** A table for a terminal; the first row is its head, and all but the first column stand to the right. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd();
  return rows.map(line).join("\n");
}

// In which order the rows stand. Pure.
import type { Quote } from "../../../contract/market.ts";

export type SortColumn = "symbol" | "price" | "change" | "volume";

export interface Sorting {
  readonly column: SortColumn;
  readonly direction: "ascending" | "descending";
}

/** A click on a column: the same again the other way round, another one in the order people look for first. */
export function sortingAfter(before: Sorting, column: SortColumn): Sorting {
  if (before.column === column) {
    return { column, direction: before.direction === "ascending" ? "descending" : "ascending" };
  }
  return { column, direction: column === "symbol" ? "ascending" : "descending" };
}

/** By the values of now; equals by symbol. */
export function sortedSymbols(
  symbols: readonly string[],
  quoteOf: (symbol: string) => Quote | undefined,
  { column, direction }: Sorting,
): readonly string[] {
  const sign = direction === "ascending" ? 1 : -1;
  const bySymbol = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
  if (column === "symbol") return symbols.toSorted((one, other) => sign * bySymbol(one, other));
  const valueOf = (symbol: string): number => quoteOf(symbol)?.[column] ?? 0;
  return symbols.toSorted((one, other) => sign * (valueOf(one) - valueOf(other)) || bySymbol(one, other));
}

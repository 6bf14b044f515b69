// Series of counts and their colours: each room has one of its own, whatever its place among them.
import { minutesShown, type Overview } from "../../../contract/analytics.ts";

export interface Series {
  readonly id: string;
  readonly name: string;
  /** By minute. */
  readonly counts: readonly number[];
  /** A value of CSS. */
  readonly colour: string;
}

/** Of the eight colours of people those that are far apart, in an order in which neighbours are too. */
const colours = [5, 1, 3, 7, 6];

/** In the order of their ids, so that rooms that overtake each other keep their colours. */
export function seriesOf(rooms: Overview["rooms"]): readonly Series[] {
  const ids = rooms.flatMap(({ id }) => id ?? []).toSorted();
  return rooms.map(({ id, name, messages: counts }) => {
    const colour = colours[id === null ? -1 : ids.indexOf(id)];
    const value = colour === undefined ? "var(--line-strong)" : `var(--person-${colour})`;
    return { id: id ?? "", name, counts, colour: value };
  });
}

/** Of all series together, by minute. */
export function totalsOf(series: readonly Pick<Series, "counts">[]): readonly number[] {
  return Array.from({ length: minutesShown }, (_none, index) =>
    series.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0),
  );
}

export function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

// Which rows of a long list are in the page: those in sight and some more on both sides, however long the list is. Pure.

/** From `from` on, up to and including `to`; `to: null` goes on to the end. Numbers are those of the messages. */
export interface RowWindow {
  readonly from: number;
  readonly to: number | null;
}

/** What lies above and below what is in sight, in pixels and in rows. */
interface OutOfSight {
  readonly abovePx: number;
  readonly belowPx: number;
  readonly rowsAbove: number;
  readonly rowsBelow: number;
}

/** The numbers that there are. */
export interface Extent {
  readonly first: number;
  readonly last: number;
}

/** So many rows are enough; how many come or go at once. */
const windowRows = 160;
const stepRows = 40;
/** A side with less than this out of sight gets more rows. */
const littlePx = 1_000;
/** A side with more rows than this out of sight may lose some; what is left there is more than a little. */
const plentyRows = 100;

export function windowAtEnd({ first, last }: Extent): RowWindow {
  return { from: Math.max(first, last - windowRows / 2), to: null };
}

/** With `seq` near its beginning. */
export function windowAround(seq: number, { first, last }: Extent): RowWindow {
  return openedAtEnd({ from: Math.max(first, seq - stepRows), to: seq + windowRows / 2 }, last);
}

/** For whoever goes to the end; the same object where it is there already, so that no row leaves the page and comes back. */
export function movedToEnd(window: RowWindow, extent: Extent): RowWindow {
  return window.to === null ? window : windowAtEnd(extent);
}

/** The window after a scroll; the same object when nothing is to change. */
export function movedWindow(window: RowWindow, { first, last }: Extent, outOfSight: OutOfSight): RowWindow {
  const { abovePx, belowPx, rowsAbove, rowsBelow } = outOfSight;
  const to = window.to ?? last;
  const isFull = to - window.from >= windowRows;
  if (abovePx < littlePx && window.from > first) {
    const from = Math.max(first, window.from - stepRows);
    return isFull && rowsBelow > plentyRows ? { from, to: to - stepRows } : { ...window, from };
  }
  const mayLoseAbove = isFull && rowsAbove > plentyRows;
  const from = mayLoseAbove ? window.from + stepRows : window.from;
  if (belowPx < littlePx && window.to !== null) return openedAtEnd({ from, to: window.to + stepRows }, last);
  if (window.to !== null) return window;
  // At the end of a busy room rows come without anybody scrolling, also below somebody who reads further up.
  if (isFull && rowsBelow > plentyRows) return { from, to: to - stepRows };
  return mayLoseAbove ? { ...window, from } : window;
}

function openedAtEnd(window: { readonly from: number; readonly to: number }, last: number): RowWindow {
  return window.to >= last ? { from: window.from, to: null } : window;
}

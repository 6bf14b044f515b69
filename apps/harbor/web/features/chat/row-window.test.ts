// The window over a long list moves without end in either direction, and comes to rest.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Extent, movedToEnd, movedWindow, type RowWindow, windowAround, windowAtEnd } from "./row-window.ts";

const rowPx = 24;
const viewPx = 900;

/** What a window with rows of one height has out of sight, when `top` is the first row in sight. */
function sightOf(window: RowWindow, { last }: Extent, top: number) {
  const to = window.to ?? last;
  const rowsAbove = Math.max(0, top - window.from);
  const rowsBelow = Math.max(0, to - top - viewPx / rowPx);
  return { rowsAbove, rowsBelow, abovePx: rowsAbove * rowPx, belowPx: rowsBelow * rowPx };
}

/** Moves until nothing moves any more. */
function settled(window: RowWindow, extent: Extent, top: number): { window: RowWindow; moves: number } {
  for (let moves = 0; moves < 100; moves += 1) {
    const next = movedWindow(window, extent, sightOf(window, extent, top));
    if (next === window) return { window, moves };
    window = next;
  }
  throw new Error("it does not come to rest");
}

describe("a window of rows", () => {
  it("opens at the end, or around what was not read", () => {
    expect(windowAtEnd({ first: 1, last: 1_000 })).toEqual({ from: 920, to: null });
    expect(windowAtEnd({ first: 990, last: 1_000 })).toEqual({ from: 990, to: null });
    expect(windowAround(500, { first: 1, last: 1_000 })).toEqual({ from: 460, to: 580 });
    expect(windowAround(990, { first: 1, last: 1_000 }).to).toBeNull();
  });

  it("follows a scroll over 100,000 rows with a few hundred in the page, and has more on both sides", () => {
    const extent = { first: 1, last: 100_000 };
    let window = windowAtEnd(extent);
    for (const step of [-15, 15]) {
      for (let top = step < 0 ? 99_960 : 100; top > 50 && top < 99_961; top += step) {
        window = settled(window, extent, top).window;
        const to = window.to ?? extent.last;
        expect(to - window.from).toBeLessThan(320);
        expect(window.from).toBeLessThanOrEqual(Math.max(1, top - 40));
        expect(to).toBeGreaterThanOrEqual(Math.min(100_000, top + 70));
      }
    }
  });

  it("goes to the end, where it leaves alone what is in the page", () => {
    const extent = { first: 1, last: 1_000 };
    expect(movedToEnd({ from: 300, to: 460 }, extent)).toEqual(windowAtEnd(extent));
    const atEnd = { from: 700, to: null };
    expect(movedToEnd(atEnd, extent)).toBe(atEnd);
  });

  it("keeps a few hundred rows however many come, at the end and below somebody who reads further up", () => {
    for (const isAtEnd of [true, false]) {
      let window = windowAtEnd({ first: 1, last: 1_000 });
      for (let last = 1_000; last < 5_000; last += 1) {
        const top = isAtEnd ? Math.floor(last - viewPx / rowPx) : 900;
        window = settled(window, { first: 1, last }, top).window;
        expect((window.to ?? last) - window.from).toBeLessThan(320);
      }
      expect(window.to === null).toBe(isAtEnd);
    }
  });

  it("comes to rest wherever it stands", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2_000 }),
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 0, max: 400 }),
        (from, size, at) => {
          const extent = { first: 1, last: 2_400 };
          const window = { from, to: from + size >= 2_400 ? null : from + size };
          expect(settled(window, extent, Math.min(from + size, from + at)).moves).toBeLessThan(60);
        },
      ),
    );
  });
});

// The window on modelled lines: it keeps each busy, and the queue on it short.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { largestWindow, smallestWindow, Window } from "./window.ts";

interface LineOptions {
  readonly bytesPerMs: number;
  readonly roundTripMs: number;
  readonly mostBytes?: number;
}

/** A page is written in a turn of the event loop. */
const turnMs = 0.3;

/** A line that carries so many bytes, in order, to a client that answers each mark as it comes. */
class Line {
  readonly clock = new FakeClock();
  readonly window: Window;
  /** Bytes that have arrived, and the most milliseconds that one waited in the queue since this was last set. */
  arrived = 0;
  mostQueuedMs = 0;
  mostOnTheirWay = 0;
  marks = 0;
  bytesPerMs: number;
  roundTripMs: number;
  #freeMs = 0;
  #sent = 0;
  readonly #answers: { readonly dueMs: number; readonly mark: number; readonly bytes: number }[] = [];

  constructor({ bytesPerMs, roundTripMs, mostBytes = largestWindow }: LineOptions) {
    this.bytesPerMs = bytesPerMs;
    this.roundTripMs = roundTripMs;
    this.window = new Window(mostBytes, this.clock);
  }

  write(bytes: number): void {
    const nowMs = this.clock.now();
    const mark = this.window.writing(bytes);
    this.#sent += bytes;
    this.#freeMs = Math.max(this.#freeMs, nowMs) + bytes / this.bytesPerMs;
    this.mostQueuedMs = Math.max(this.mostQueuedMs, this.#freeMs - nowMs);
    this.mostOnTheirWay = Math.max(this.mostOnTheirWay, this.#sent - this.window.read);
    if (mark > 0) this.marks += 1;
    this.#answers.push({ dueMs: this.#freeMs + this.roundTripMs, mark, bytes });
  }

  /** There is always more to say, in publications of so many bytes. */
  saturate(forMs: number, publicationBytes = 140): void {
    const endMs = this.clock.now() + forMs;
    while (this.clock.now() < endMs) {
      while (!this.window.isFull && this.clock.now() <= endMs) {
        const page = Math.min(65_536, this.window.pageBytes);
        this.write(Math.max(publicationBytes, Math.floor(page / publicationBytes) * publicationBytes));
        this.pass(turnMs);
      }
      this.pass(Math.max(0.1, (this.#answers[0]?.dueMs ?? 0) - this.clock.now()));
    }
  }

  pass(ms: number): void {
    this.clock.advance(ms);
    while (this.#answers[0] !== undefined && this.#answers[0].dueMs <= this.clock.now()) {
      const { mark, bytes } = this.#answers[0];
      this.#answers.shift();
      this.arrived += bytes;
      if (mark > 0 && !this.window.answered(mark)) throw new Error(`refused its own mark ${mark}`);
    }
  }
}

/** A line that was full for a while, and what it did in the 40 s after that. */
function settled(options: LineOptions): { readonly line: Line; readonly use: number } {
  const line = new Line(options);
  line.saturate(5_000);
  line.mostQueuedMs = 0;
  const before = line.arrived;
  line.saturate(40_000);
  return { line, use: (line.arrived - before) / (40_000 * line.bytesPerMs) };
}

describe("Window", () => {
  for (const bytesPerMs of [50, 500, 5_000]) {
    for (const roundTripMs of [1, 20, 100, 300]) {
      it(`keeps a line of ${bytesPerMs} kB/s and ${roundTripMs} ms busy, and its queue short`, () => {
        const { line, use } = settled({ bytesPerMs, roundTripMs });
        expect(use).toBeGreaterThan(0.92);
        expect(line.mostQueuedMs).toBeLessThan(350 + roundTripMs);
      });
    }
  }

  it("on a line that is slower than any window is small has the least on its way that there is", () => {
    const { line, use } = settled({ bytesPerMs: 5, roundTripMs: 20 });
    expect(use).toBeGreaterThan(0.98);
    expect(line.mostQueuedMs).toBeLessThan(2_000);
  });

  it("holds what its client wished, and no more", () => {
    const { line } = settled({ bytesPerMs: 5_000, roundTripMs: 100, mostBytes: 65_536 });
    expect(line.window.bytes).toBe(65_536);
    expect(line.mostOnTheirWay).toBeLessThanOrEqual(65_536);
  });

  it("follows a line that becomes slow, and one that becomes fast again", () => {
    const { line } = settled({ bytesPerMs: 5_000, roundTripMs: 20 });
    expect(line.window.bytes).toBeGreaterThan(500_000);
    line.bytesPerMs = 50;
    line.saturate(25_000);
    line.mostQueuedMs = 0;
    line.saturate(5_000);
    expect(line.mostQueuedMs).toBeLessThan(400);
    line.bytesPerMs = 5_000;
    line.saturate(1_000);
    const before = line.arrived;
    line.saturate(5_000);
    expect((line.arrived - before) / 25_000_000).toBeGreaterThan(0.9);
  });

  it("lets little pile up on a line that becomes slow while little is said", () => {
    const line = new Line({ bytesPerMs: 5_000, roundTripMs: 5 });
    const say = (forMs: number): void => {
      for (let ms = 0; ms < forMs; ms += 1) {
        if (!line.window.isFull) line.write(140);
        line.pass(1);
      }
    };
    say(20_000);
    // Marks are few where nothing queues: one for every 64 KiB.
    expect(line.marks).toBeLessThan(60);
    line.bytesPerMs = 50;
    line.mostQueuedMs = 0;
    say(3_000);
    expect(line.mostQueuedMs).toBeLessThan(2_700);
    say(2_000);
    line.mostQueuedMs = 0;
    say(10_000);
    expect(line.mostQueuedMs).toBeLessThan(400);
  });

  it("finds out that a line has become long, and is not starved by it", () => {
    const { line } = settled({ bytesPerMs: 500, roundTripMs: 20 });
    line.roundTripMs = 800;
    line.saturate(30_000);
    const before = line.arrived;
    line.saturate(20_000);
    expect((line.arrived - before) / (20_000 * 500)).toBeGreaterThan(0.7);
  });

  it("takes one publication that is larger than itself, and goes on when it was read", () => {
    const window = new Window(smallestWindow, new FakeClock());
    const mark = window.writing(1_000_000);
    expect([window.isFull, mark]).toEqual([true, 1_000_000]);
    expect([window.answered(mark), window.isFull, window.read]).toEqual([true, false, 1_000_000]);
  });

  it("knows its marks: none twice, none ahead", () => {
    const window = new Window(smallestWindow, new FakeClock());
    const mark = window.writing(3_000);
    expect([window.answered(0), window.answered(mark + 1), window.answered(mark), window.answered(mark)]).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  it("does not wait for an answer where it has become smaller than what stands behind the last mark", () => {
    const clock = new FakeClock();
    const window = new Window(largestWindow, clock);
    while (window.bytes < 131_072) {
      const mark = window.writing(window.bytes / 2);
      clock.advance(5);
      expect(window.answered(mark)).toBe(true);
    }
    const mark = window.writing(65_536);
    expect(window.writing(15_000)).toBe(0);
    clock.advance(3_000);
    expect([window.answered(mark), window.bytes, window.isFull]).toEqual([true, 16_384, false]);
    expect([window.writing(1_000) > mark, window.isFull]).toEqual([true, true]);
  });

  it("never is full without an answer to come, whatever is written and answered when", () => {
    const step = fc.record({
      write: fc.oneof(fc.integer({ min: 1, max: 6_000 }), fc.constant(200_000)),
      answers: fc.nat(2),
      ms: fc.constantFrom(0, 1, 20, 1_000, 21_000),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: smallestWindow, max: largestWindow }),
        fc.array(step, { minLength: 20, maxLength: 200 }),
        (mostBytes, steps) => {
          const clock = new FakeClock();
          const window = new Window(mostBytes, clock);
          const marks: number[] = [];
          for (const { write, answers, ms } of steps) {
            if (!window.isFull) {
              const mark = window.writing(write);
              if (mark > 0) marks.push(mark);
            }
            clock.advance(ms);
            for (const mark of marks.splice(0, answers)) expect(window.answered(mark)).toBe(true);
            expect(window.isFull && marks.length === 0).toBe(false);
            expect(window.bytes).toBeGreaterThanOrEqual(smallestWindow);
            expect(window.bytes).toBeLessThanOrEqual(mostBytes);
          }
        },
      ),
    );
  });
});

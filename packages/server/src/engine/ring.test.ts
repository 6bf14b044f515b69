// The ring against a plain list that is filtered from scratch at every step.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PageLimit, Publication } from "./engine.ts";
import { Ring, type RingPage, type RingStart } from "./ring.ts";

interface Kept {
  readonly publication: Publication;
  readonly appendedMs: number;
}

/** What a ring is supposed to be, without any care for speed. */
class PlainHistory {
  kept: Kept[] = [];
  top = 0;

  get floor(): number {
    const [oldest] = this.kept;
    return oldest === undefined ? this.top : (oldest.publication.previous?.offset ?? 0);
  }

  append(publication: Publication, appendedMs: number): void {
    this.kept = [...this.kept, { publication, appendedMs }];
    this.top = publication.offset;
  }

  trim({ size, ttlMs }: { size: number; ttlMs: number }, nowMs: number): void {
    this.kept = this.kept.slice(-size).filter(({ appendedMs }) => nowMs - appendedMs < ttlMs);
  }

  page(start: RingStart, limit: PageLimit): RingPage {
    const all = this.kept.map(({ publication }) => publication);
    const isBackward = start === "newest" || (typeof start === "object" && "before" in start);
    const matching = all.filter(({ offset }) => {
      if (typeof start === "string") return true;
      return "after" in start ? offset > start.after : offset < start.before;
    });
    if (isBackward) matching.reverse();
    const count = matching.findIndex((_, index) => {
      const bytes = matching.slice(0, index + 1).reduce((sum, { data }) => sum + data.byteLength, 0);
      return index >= limit.publications || (index > 0 && bytes > limit.bytes);
    });
    const page = count === -1 ? matching : matching.slice(0, count);
    return { publications: isBackward ? page.reverse() : page, more: count !== -1 };
  }
}

const offset = fc.integer({ min: 0, max: 300 });
const step = fc.oneof(
  fc.record({ kind: fc.constant("append"), gap: fc.integer({ min: 1, max: 3 }), bytes: fc.nat(40), waitMs: fc.nat(9) }),
  fc.record({
    kind: fc.constant("trim"),
    size: fc.integer({ min: 1, max: 40 }),
    ttlMs: fc.integer({ min: 1, max: 400 }),
  }),
  fc.record({
    kind: fc.constant("page"),
    start: fc.oneof(
      fc.constantFrom("oldest" as const, "newest" as const),
      offset.map((after) => ({ after })),
      offset.map((before) => ({ before })),
    ),
    publications: fc.integer({ min: 1, max: 30 }),
    bytes: fc.nat(400),
  }),
);

describe("Ring", () => {
  it("is a plain history, for any appends, trims and pages", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const ring = new Ring();
        const plain = new PlainHistory();
        let nowMs = 0;
        for (const one of steps) {
          if ("gap" in one) {
            nowMs += one.waitMs;
            const publication = publicationAt(plain.top + one.gap, plain.top, one.bytes);
            ring.append(publication, nowMs);
            plain.append(publication, nowMs);
          } else if ("ttlMs" in one) {
            ring.trim(one, nowMs);
            plain.trim(one, nowMs);
          } else {
            expect(ring.page(one.start, one)).toEqual(plain.page(one.start, one));
          }
          expect({ size: ring.size, floor: ring.floor }).toEqual({ size: plain.kept.length, floor: plain.floor });
        }
        for (const { publication } of plain.kept) expect(ring.at(publication.offset)).toBe(publication);
      }),
      { numRuns: 1_000 },
    );
  });

  it("refuses an offset that does not ascend", () => {
    const ring = new Ring(5);
    expect(() => ring.append(publicationAt(5, 4, 1), 0)).toThrow(RangeError);
    expect(ring.floor).toBe(5);
  });
});

function publicationAt(at: number, before: number, bytes: number): Publication {
  const previous = before === 0 ? null : { offset: before, id: `${before}` };
  return { id: `${at}`, offset: at, previous, data: new Uint8Array(bytes), form: "bytes", atMs: 0 };
}

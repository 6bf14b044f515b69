// The outbox: control frames and cursors in order, about a page a turn, nobody ahead of his turn.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Budget, Pullable, Pulled } from "../hub/subscriber.ts";
import { Outbox } from "./outbox.ts";

const pageBytes = 1_000;
const limits = { controlFrames: 8, controlBytes: 4_000, pageBytes };

/** A source with publications of given sizes; each frame says whose it is and which. */
class Source implements Pullable {
  readonly isUrgent = false;
  readonly channel: string;
  readonly sizes: number[];
  given = 0;
  pulls = 0;
  gapAt = -1;

  constructor(channel: string, sizes: readonly number[]) {
    this.channel = channel;
    this.sizes = [...sizes];
  }

  pull({ pageBytes: most }: Budget): Pulled {
    this.pulls += 1;
    if (this.given === this.gapAt) {
      this.gapAt = -1;
      const nowhere = { epoch: "", offset: 0 };
      return { kind: "gap", from: nowhere, to: nowhere, skipped: null, more: true };
    }
    const frames: Uint8Array[] = [];
    let bytes = 0;
    for (let size = this.sizes[0]; size !== undefined; size = this.sizes[0]) {
      if (frames.length > 0 && (bytes + size > most || this.given === this.gapAt)) break;
      frames.push(frame(`${this.channel}${this.given}`, size));
      bytes += size;
      this.given += 1;
      this.sizes.shift();
    }
    if (frames.length === 0) return { kind: "later" };
    return { kind: "frames", frames, more: this.sizes.length > 0 };
  }
}

const frame = (name: string, size: number): Buffer => Buffer.from(name.padEnd(Math.max(size, name.length + 1), "."));
const nameOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString().replace(/\.+$/, "");
const take = (outbox: Outbox): string[] => outbox.take().map(nameOf);

/** What the first `count` turns give together. */
const turns = (box: Outbox, count: number): string[] => Array.from({ length: count }, () => take(box)).flat();

function outbox(goesOn = true): Outbox {
  return new Outbox(limits, { gap: (source) => ({ frame: frame(`${source.channel}-gap`, 10), goesOn }) });
}

describe("Outbox", () => {
  it("keeps the order of control frames and cursors", () => {
    const box = outbox();
    box.putControl(frame("reply1", 10));
    box.putSource(new Source("a", [10, 10]));
    box.putControl(frame("reply2", 10));
    box.putFirst(frame("ping", 2));
    expect(take(box)).toEqual(["ping", "reply1", "a0", "a1", "reply2"]);
    expect([box.isEmpty, take(box)]).toEqual([true, []]);
  });

  it("sends a cursor with more than a page behind the replies", () => {
    const box = outbox();
    box.putSource(new Source("a", [900, 900]));
    box.putControl(frame("reply", 10));
    expect([take(box), take(box)]).toEqual([["a0"], ["reply", "a1"]]);
  });

  it("lets no reply overtake a publication within a page, whatever was queued before both", () => {
    const box = outbox();
    box.putControl(frame("earlier", 10));
    box.putSource(new Source("a", [200, 200, 200]));
    box.putControl(frame("reply", 10));
    expect([take(box), take(box)]).toEqual([
      ["earlier", "a0"],
      ["a1", "a2", "reply"],
    ]);
  });

  it("gives a publication larger than a page alone", () => {
    const box = outbox();
    box.putSource(new Source("a", [5_000, 10]));
    expect([take(box), take(box)]).toEqual([["a0"], ["a1"]]);
  });

  it("says a gap in its place, and lets the cursor go on or not", () => {
    for (const goesOn of [true, false]) {
      const box = outbox(goesOn);
      const source = new Source("a", [10, 10]);
      source.gapAt = 1;
      box.putSource(source);
      expect(turns(box, 2)).toEqual(goesOn ? ["a0", "a-gap", "a1"] : ["a0", "a-gap"]);
      expect(box.isEmpty).toBe(true);
    }
  });

  it("is crowded by frames or bytes of control, and relieved at half", () => {
    const box = outbox();
    for (let at = 0; at < 7; at += 1) box.putControl(frame(`r${at}`, 10));
    expect(box.isCrowded).toBe(false);
    box.putControl(frame("r7", 10));
    expect([box.isCrowded, box.isRelieved]).toEqual([true, false]);
    box.take();
    expect([box.isCrowded, box.isRelieved]).toEqual([false, true]);
    box.putControl(frame("large", 4_000));
    expect(box.isCrowded).toBe(true);
    box.clear();
    expect([box.isCrowded, box.isEmpty]).toEqual([false, true]);
  });

  it("gives everything once, in the order of each, never more than about a page a turn", () => {
    const item = fc.oneof(
      fc.record({ control: fc.integer({ min: 1, max: 600 }) }),
      fc.record({ source: fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 1, maxLength: 12 }) }),
      fc.constant({ take: true }),
    );
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), (items) => {
        const box = outbox();
        const expected = new Map<string, string[]>();
        const got: string[] = [];
        const takeOne = (): void => {
          const frames = box.take();
          const sizes = frames.map(({ length }) => length);
          const total = sizes.reduce((sum, size) => sum + size, 0);
          // A page, or what was needed to give one frame more.
          expect(total - (sizes.at(-1) ?? 0)).toBeLessThanOrEqual(pageBytes);
          if (frames.length === 0) expect(box.isEmpty).toBe(true);
          got.push(...frames.map(nameOf));
        };
        for (const [at, todo] of items.entries()) {
          if ("control" in todo) {
            box.putControl(frame(`r${at}x`, todo.control));
            expected.set("r", [...(expected.get("r") ?? []), `r${at}x`]);
          } else if ("source" in todo) {
            box.putSource(new Source(`s${at}x`, todo.source));
            expected.set(
              `s${at}x`,
              todo.source.map((_, index) => `s${at}x${index}`),
            );
          } else takeOne();
        }
        for (let turn = 0; !box.isEmpty; turn += 1) {
          takeOne();
          if (turn > 10_000) throw new Error("it does not end");
        }
        for (const [prefix, names] of expected) expect(got.filter((name) => name.startsWith(prefix))).toEqual(names);
        expect(got).toHaveLength([...expected.values()].flat().length);
      }),
      { numRuns: 1_000 },
    );
  });
});

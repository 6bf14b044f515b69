// The tail, its views and their byte logs, against an array of what was appended.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Position } from "@tidewire/protocol";
import type { Publication } from "../engine/engine.ts";
import type { Encoder } from "./encoder.ts";
import type { Run } from "./log.ts";
import { Tail } from "./tail.ts";
import type { View } from "./view.ts";

const channel = { name: "c", json: '"c"', number: 1 };
const scratch = Buffer.alloc(400_000);

/** Encodes into one buffer again and again, as an encoder may; says nothing of every seventh. */
function encoder(id: string, count: () => void = () => undefined): Encoder {
  return {
    id,
    publication: (publication) => {
      count();
      const bytes = wordsOf(publication, id);
      if (bytes === null) return null;
      scratch.set(bytes);
      return scratch.subarray(0, bytes.length);
    },
    member: () => null,
  };
}

function wordsOf(publication: Publication, id: string): Buffer | null {
  const number = Number(publication.id);
  return number % 7 === 6 ? null : Buffer.concat([Buffer.from(`${id}${number}<`), publication.data, Buffer.from(">")]);
}

/** `null`: a break. */
type Entry = { readonly publication: Publication | null; readonly at: Position };

class Model {
  readonly entries: Entry[] = [];
  readonly tail: Tail;
  at: Position = { epoch: "e0", offset: 0 };

  constructor(limitBytes: number) {
    this.tail = new Tail(channel, this.at, limitBytes);
  }

  append(size: number, isEphemeral: boolean): void {
    const offset = isEphemeral ? 0 : this.at.offset + 1;
    const previous = offset <= 1 ? null : { offset: offset - 1, id: null };
    const id = String(this.entries.length);
    const publication: Publication = { id, offset, previous, data: Buffer.alloc(size, 97), form: "json", atMs: 0 };
    if (offset > 0) this.at = { epoch: this.at.epoch, offset };
    this.entries.push({ publication, at: this.at });
    this.tail.append(publication);
  }

  /** A break is told also to those who fell off before they came to it, and then all before it is passed over. */
  #expectFallen(run: Run, after: number): void {
    const lastBreak = this.entries.findLastIndex(({ publication }) => publication === null) + 1;
    if (lastBreak <= after) return expect(run.kind).toBe("fallen");
    const to = Math.max(lastBreak, this.tail.first - 1);
    expect(run).toEqual({ kind: "break", to, at: this.entries[to - 1]?.at });
  }

  break(): void {
    this.at = { epoch: `e${this.entries.length + 1}`, offset: this.entries.length % 5 };
    this.entries.push({ publication: null, at: this.at });
    this.tail.break(this.at);
  }

  /** The bytes of the entries after `after` up to `to`. */
  bytes(id: string, after: number, to: number): Buffer {
    const parts = this.entries.slice(after, to).map((entry) => entry.publication && wordsOf(entry.publication, id));
    return Buffer.concat(parts.filter((part) => part !== null));
  }

  checkRun(view: View, { after, maxBytes }: { after: number; maxBytes: number }): void {
    const run = this.tail.run(view, after, { pageBytes: maxBytes });
    if (after < this.tail.first - 1) return this.#expectFallen(run, after);
    if (run.kind === "fallen") throw new Error(`${after} is within the tail, which begins with ${this.tail.first}`);
    expect(run.at).toEqual(this.entries[run.to - 1]?.at ?? run.at);
    if (run.kind === "break") {
      expect(run.to).toBe(after + 1);
      return expect(this.entries[after]?.publication).toBeNull();
    }
    const got = Buffer.concat(run.frames);
    expect(got.equals(this.bytes(view.encoder.id, after, run.to))).toBe(true);
    expect(this.entries.slice(after, run.to).some((entry) => entry.publication === null)).toBe(false);
    expect(run.more).toBe(run.to < this.tail.head);
    // Never more than the budget but for the first, and never nothing.
    if (after < this.tail.head) expect(run.to).toBeGreaterThan(after);
    if (run.to > after + 1) expect(got.length).toBeLessThanOrEqual(maxBytes);
  }

  checkSeqOf(): void {
    const { first, head } = this.tail;
    const lastBreak = this.entries.findLastIndex((entry) => entry.publication === null) + 1;
    for (let seq = first - 1; seq <= head; seq += 1) {
      const at = this.entries[seq - 1]?.at ?? { epoch: "e0", offset: 0 };
      const found = this.tail.seqOf(at);
      // Behind the last entry that leaves a client at this position; nothing before the last break counts.
      const last =
        this.entries.findLastIndex((entry) => entry.at.epoch === at.epoch && entry.at.offset === at.offset) + 1;
      if (seq >= lastBreak) expect(found).toBe(Math.max(last, first - 1));
      else if (found !== null) expect(found).toBeGreaterThanOrEqual(lastBreak);
    }
    expect(this.tail.seqOf({ epoch: this.at.epoch, offset: this.at.offset + 1 })).toBeNull();
    expect(this.tail.seqOf({ epoch: "none", offset: 0 })).toBeNull();
  }
}

const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 3_000 }));
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("append" as const), size, isEphemeral: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("run" as const),
      back: fc.nat(40),
      maxBytes: fc.integer({ min: 1, max: 5_000 }),
      view: fc.nat(1),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "break" as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("shrink" as const), bytes: fc.nat(8_000) }) },
  { weight: 1, arbitrary: fc.constant({ do: "rejoin" as const }) },
);

describe("Tail", () => {
  it("gives exactly the bytes of the publications in range, stops at breaks, and stays within its memory", () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 20, maxLength: 120 }),
        fc.integer({ min: 500, max: 20_000 }),
        (steps, limit) => {
          const model = new Model(limit);
          const { tail } = model;
          const views = [tail.join(encoder("a")), tail.join(encoder("b"))];
          let largest = 0;
          for (const todo of steps) {
            if (todo.do === "append") {
              largest = Math.max(largest, todo.size);
              model.append(todo.size, todo.isEphemeral);
            }
            if (todo.do === "break") model.break();
            if (todo.do === "shrink") tail.shrink(todo.bytes);
            if (todo.do === "rejoin") {
              tail.leave(views[1] as View);
              views[1] = tail.join(encoder("b"));
            }
            if (todo.do === "run") {
              model.checkRun(views[todo.view] as View, {
                after: Math.max(0, tail.head - todo.back),
                maxBytes: todo.maxBytes,
              });
            }
            if (tail.head > 0) expect(tail.first).toBeLessThanOrEqual(tail.head);
            if (todo.do === "append" && tail.first < tail.head)
              expect(tail.bytes).toBeLessThanOrEqual(Math.max(limit, largest * 4));
          }
          model.checkSeqOf();
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("encodes a publication once for a view, however many read it from wherever the log reaches", () => {
    let encoded = 0;
    const model = new Model(1_000_000);
    const view = model.tail.join(encoder("a", () => (encoded += 1)));
    model.tail.run(view, 0, { pageBytes: 10 });
    for (let round = 0; round < 500; round += 1) model.append(100, false);
    for (let after = 0; after < 500; after += 1) model.tail.run(view, after, { pageBytes: 5_000 });
    expect(encoded).toBe(500);
  });

  it("gives readers at the same place the same run, object and all", () => {
    const model = new Model(1_000_000);
    const view = model.tail.join(encoder("a"));
    model.append(100, false);
    expect(model.tail.run(view, 0, { pageBytes: 65_536 })).toBe(model.tail.run(view, 0, { pageBytes: 65_536 }));
    expect(model.tail.run(view, 0, { pageBytes: 65_536 })).toBe(model.tail.run(view, 0, { pageBytes: 16_384 }));
  });

  it("shares memory between runs, and none with the encoder's buffer", () => {
    const model = new Model(1_000_000);
    const view = model.tail.join(encoder("a"));
    for (let round = 0; round < 3; round += 1) model.append(10, false);
    const [whole, part] = [
      model.tail.run(view, 0, { pageBytes: 9_999 }),
      model.tail.run(view, 1, { pageBytes: 9_999 }),
    ];
    if (whole.kind !== "frames" || part.kind !== "frames") throw new Error("expected frames");
    expect(part.frames[0]?.buffer).toBe(whole.frames[0]?.buffer);
    expect(whole.frames[0]?.buffer).not.toBe(scratch.buffer);
    // Never of Buffer's pool: a few small pieces of it would hold all of it.
    expect(whole.frames[0]?.buffer.byteLength).toBeLessThanOrEqual(1_024);
  });

  it("keeps the newest publication, however large", () => {
    const model = new Model(1_000);
    model.append(10, false);
    model.append(300_000, false);
    model.tail.shrink(1);
    expect([model.tail.first, model.tail.head]).toEqual([2, 2]);
    model.checkRun(model.tail.join(encoder("a")), { after: 1, maxBytes: 10 });
  });

  it("keeps four of its largest, and no longer than the largest is there", () => {
    const model = new Model(1_000);
    for (let round = 0; round < 6; round += 1) model.append(10_000, false);
    expect(model.tail.head - model.tail.first + 1).toBe(3);
    for (let round = 0; round < 400; round += 1) model.append(10, false);
    expect(model.tail.bytes).toBeLessThanOrEqual(1_000);
  });

  it("knows the id at an offset of the newest segment alone", () => {
    const model = new Model(1_000_000);
    model.append(1, false);
    model.append(1, false);
    expect([model.tail.idAt(1), model.tail.idAt(2), model.tail.idAt(3)]).toEqual(["0", "1", null]);
    model.break();
    expect(model.tail.idAt(1)).toBeNull();
  });
});

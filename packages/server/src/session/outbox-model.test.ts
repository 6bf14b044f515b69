// The outbox against a model: whatever is put and taken in whatever mix, each frame leaves once, in its place.
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Budget, Pullable, Pulled } from "../hub/subscriber.ts";
import { Outbox } from "./outbox.ts";

const limits = { controlFrames: 6, controlBytes: 2_000, pageBytes: 1_000 };
const nowhere = { epoch: "", offset: 0 };

/** Frames of these sizes, and gaps, which are smaller than 0. */
class Source implements Pullable {
  readonly isUrgent = false;
  readonly channel: string;
  readonly left: number[] = [];
  readonly names: string[] = [];
  /** Whether the outbox was told that there is something; said once until a pull that ends it. */
  isReady = false;
  isOver = false;
  /** Names of what a pull has given, and its budget, in order. */
  readonly pulls: { readonly bytes: number; readonly count: number; readonly budget: number }[] = [];
  #given = 0;

  constructor(channel: string) {
    this.channel = channel;
  }

  get nextName(): string {
    return `${this.channel}-${this.#given}`;
  }

  add(sizes: readonly number[]): void {
    for (const size of sizes) {
      this.names.push(`${this.channel}-${this.names.length}${size < 0 ? " gap" : ""}`);
      this.left.push(size);
    }
  }

  pull({ pageBytes }: Budget): Pulled {
    if (this.isOver || !this.isReady) return { kind: "later" };
    const [first] = this.left;
    if (first !== undefined && first < 0) {
      this.left.shift();
      this.isReady = this.left.length > 0;
      return { kind: "gap", from: nowhere, to: nowhere, skipped: null, more: this.isReady };
    }
    const frames: Uint8Array[] = [];
    let bytes = 0;
    for (let size = this.left[0]; size !== undefined && size >= 0; size = this.left[0]) {
      if (frames.length > 0 && bytes + size > pageBytes) break;
      frames.push(frame(this.nextName, size));
      this.#given += 1;
      bytes += size;
      this.left.shift();
    }
    this.pulls.push({ bytes, count: frames.length, budget: pageBytes });
    this.isReady = this.left.length > 0;
    return frames.length === 0 ? { kind: "later" } : { kind: "frames", frames, more: this.isReady };
  }

  /** What the gap is called: it stands in the count of what was given. */
  gapFrame(): Uint8Array {
    const name = `${this.nextName} gap`;
    this.#given += 1;
    return frame(name, 20);
  }
}

const frame = (name: string, size: number): Uint8Array =>
  Buffer.from(name.padEnd(Math.max(size, name.length + 1), "."));
const nameOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString().replace(/\.+$/, "");

const sizes = fc.array(fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 20, max: 1_500 }) }, fc.constant(-1)), {
  minLength: 1,
  maxLength: 8,
});
const which = fc.nat(3);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("more" as const), which, sizes }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("control" as const), size: fc.integer({ min: 20, max: 900 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("first" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), which }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("advance" as const), which, isWhole: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crowd" as const) }) },
);

class Trial {
  readonly box = new Outbox(limits, { gap: (source) => ({ frame: (source as Source).gapFrame(), goesOn: true }) });
  readonly sources: Source[] = Array.from({ length: 4 }, (_, place) => new Source(`s${place}`));
  readonly got: string[] = [];
  readonly controls: string[] = [];
  /** Sizes of the control frames that wait, by name. */
  readonly waiting = new Map<string, number>();
  /** After each of these comes nothing of what stands beside it. */
  fences: { readonly name: string; readonly before: readonly string[] }[] = [];
  first: string | null = null;
  #count = 0;

  /** @param known A frame that was pulled ahead of its turn, and counts as control until it leaves. */
  put(bytes: Uint8Array): string {
    this.box.putControl(bytes);
    const name = nameOf(bytes);
    this.waiting.set(name, bytes.length);
    return name;
  }

  control(size: number): string {
    const name = this.put(frame(`r-${(this.#count += 1)}`, size));
    this.controls.push(name);
    // No reply overtakes what its client published before it, where that is within a page (S10).
    for (const { isReady, isOver, left, names } of this.sources) {
      const bytes = left.reduce((sum, each) => sum + each, 0);
      if (!isReady || isOver || bytes > limits.pageBytes || left.some((each) => each < 0)) continue;
      this.fences.push({ name, before: names.slice(names.length - left.length) });
    }
    return name;
  }

  source(which: number): Source {
    const source = this.sources[which];
    if (source === undefined) throw new RangeError(`no source ${which}`);
    return source;
  }

  more(source: Source, added: readonly number[]): void {
    if (source.isOver) return;
    source.add(added);
    // As a cursor does: it says so once, until a pull has brought it to its head.
    if (!source.isReady) this.box.putSource(source);
    source.isReady = true;
  }

  /** As a session ends a subscription: one page more, behind what waits, and nothing after it. */
  end(source: Source): void {
    if (source.isOver) return;
    const before = source.left.length;
    const held = this.waiting.size;
    for (const bytes of this.box.pullNow(source)) this.put(bytes);
    expect(this.waiting.size).toBeGreaterThanOrEqual(held);
    source.isOver = true;
    const late = new Set(source.names.slice(source.names.length - before));
    this.fences = this.fences.map(({ name, before: names }) => ({
      name,
      before: names.filter((one) => !late.has(one)),
    }));
    source.names.splice(source.names.length - source.left.length);
  }

  advance(source: Source, isWhole: boolean): void {
    // One page alone: whatever is taken meanwhile, it stands before the next.
    if (!isWhole) {
      const had = source.left.length;
      this.box.advance(source);
      const { names, left } = source;
      for (const name of names.slice(names.length - had, names.length - left.length)) this.waiting.set(name, -1);
      return;
    }
    const before = source.left.length;
    const names = source.names.slice(source.names.length - before);
    let rounds = 0;
    while (this.box.advance(source)) expect((rounds += 1)).toBeLessThan(100);
    if (source.isOver) return;
    expect(source.left).toEqual([]);
    for (const name of names) this.waiting.set(name, -1);
    this.fences.push({ name: this.control(30), before: names });
  }

  take(): void {
    const counts = this.sources.map(({ pulls }) => pulls.length);
    const frames = this.box.take();
    const names = frames.map(nameOf);
    if (this.first !== null) expect(names[0]).toBe(this.first);
    const all = this.first === null ? frames : frames.slice(1);
    this.first = null;
    const total = all.reduce((sum, { length }) => sum + length, 0);
    expect(total - (all.at(-1)?.length ?? 0)).toBeLessThanOrEqual(limits.pageBytes);
    // Each cursor gives a page at most, and what joins a page that is begun less.
    for (const [place, { pulls }] of this.sources.entries()) {
      for (const { bytes, count, budget } of pulls.slice(counts[place])) {
        expect(budget).toBeLessThanOrEqual(limits.pageBytes);
        if (count > 1) expect(bytes).toBeLessThanOrEqual(budget);
      }
    }
    for (const name of names) this.waiting.delete(name);
    if (frames.length === 0) expect(this.box.isEmpty).toBe(true);
    this.got.push(...names.filter((name) => name !== "ping"));
    this.checkRoom();
  }

  checkRoom(): void {
    if ([...this.waiting.values()].includes(-1)) return;
    const bytes = [...this.waiting.values()].reduce((sum, size) => sum + size, 0);
    expect(this.box.isCrowded).toBe(this.waiting.size >= limits.controlFrames || bytes >= limits.controlBytes);
    expect(this.box.isRelieved).toBe(this.waiting.size <= limits.controlFrames / 2 && bytes <= limits.controlBytes / 2);
  }

  check(): void {
    expect(this.got.filter((name) => name.startsWith("r-"))).toEqual(this.controls);
    for (const { channel, names } of this.sources)
      expect(this.got.filter((name) => name.startsWith(`${channel}-`))).toEqual(names);
    for (const { name, before } of this.fences) {
      const place = this.got.indexOf(name);
      for (const earlier of before) expect(this.got.indexOf(earlier)).toBeLessThan(place);
    }
    expect([this.box.isEmpty, this.box.isCrowded, this.box.isRelieved, this.box.take()]).toEqual([
      true,
      false,
      true,
      [],
    ]);
  }
}

it("gives each frame once, each source and the control frames in order, a page a turn, and counts what waits", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const trial = new Trial();
      for (const todo of steps) {
        if (todo.kind === "more") trial.more(trial.source(todo.which), todo.sizes);
        else if (todo.kind === "control") trial.control(todo.size);
        else if (todo.kind === "take") trial.take();
        else if (todo.kind === "end") trial.end(trial.source(todo.which));
        else if (todo.kind === "advance") trial.advance(trial.source(todo.which), todo.isWhole);
        else if (todo.kind === "crowd") for (let left = 70; left > 0; left -= 1) trial.control(20);
        else trial.box.putFirst(frame((trial.first = "ping"), 2));
        if (todo.kind !== "advance") trial.checkRoom();
      }
      for (let turn = 0; !trial.box.isEmpty; turn += 1) {
        if (turn > 1_000) throw new Error("it does not end");
        trial.take();
      }
      trial.check();
    }),
    { numRuns: 1_000 },
  );
});

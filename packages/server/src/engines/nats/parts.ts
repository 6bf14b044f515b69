// What is larger than NATS takes at once: said in parts, and put together again by whoever hears all of them in their order.
import type { Clock } from "../../ports/clock.ts";
import { maxSaidBytes } from "../questions/said.ts";
import { type BusWord, encodeWord, lineBytes } from "./bus-words.ts";

type Part = Extract<BusWord, { kind: "part" }>;

/** What is put together at once, at most, of all nodes. Above, new ones are dropped, and whoever asked gives them up. */
const mostBytes = 8 * maxSaidBytes;
const mostUnfinished = 1_000;
/** As long as a question. */
const limitMs = 5_000;

interface Unfinished {
  readonly of: number;
  readonly parts: Uint8Array[];
  readonly sinceMs: number;
  bytes: number;
}

/** @param most How many bytes may be said at once. @param n Counts what this node says in parts. */
export function partsOf(bytes: Uint8Array, most: number, { node, n }: Pick<Part, "node" | "n">): readonly Uint8Array[] {
  if (bytes.byteLength <= most) return [bytes];
  const each = most - lineBytes;
  const of = Math.ceil(bytes.byteLength / each);
  return Array.from({ length: of }, (_, index) =>
    encodeWord({ kind: "part", node, n, index, of, bytes: bytes.subarray(index * each, (index + 1) * each) }),
  );
}

export class Parts {
  readonly #clock: Clock;
  /** The oldest first. */
  readonly #unfinished = new Map<string, Unfinished>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the whole, with its last part. What has a hole is nothing. */
  add({ node, n, index, of, bytes }: Part): Uint8Array | null {
    this.#forgetOld();
    const name = `${node} ${n}`;
    const begun = this.#unfinished.get(name);
    if (index === 0 && begun === undefined && this.#unfinished.size < mostUnfinished) {
      this.#unfinished.set(name, { of, parts: [], sinceMs: this.#clock.now(), bytes: 0 });
    }
    const whole = this.#unfinished.get(name);
    if (whole === undefined) return null;
    const isNext = whole.parts.length === index && whole.of === of;
    const isTooMuch = this.#bytes + bytes.byteLength > mostBytes || whole.bytes + bytes.byteLength > 2 * maxSaidBytes;
    if (!isNext || isTooMuch) {
      this.#drop(name, whole);
      return null;
    }
    whole.parts.push(bytes);
    whole.bytes += bytes.byteLength;
    this.#bytes += bytes.byteLength;
    if (whole.parts.length < of) return null;
    this.#drop(name, whole);
    return Buffer.concat(whole.parts);
  }

  clear(): void {
    this.#unfinished.clear();
    this.#bytes = 0;
  }

  #forgetOld(): void {
    for (const [name, whole] of this.#unfinished) {
      if (whole.sinceMs + limitMs > this.#clock.now()) return;
      this.#drop(name, whole);
    }
  }

  #drop(name: string, { bytes }: Unfinished): void {
    this.#unfinished.delete(name);
    this.#bytes -= bytes;
  }
}

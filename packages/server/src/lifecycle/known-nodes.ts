// What each node has said is so there, and at how many of them something is.
import { type Fact, keyOf } from "./facts.ts";
import type { Seen } from "./pages.ts";

/** What a node has said. */
interface Known {
  /** The version that it was read to, and what was read is safe. */
  seen: number;
  /** Since when it has not answered, though others could; `null`: it has. */
  silentMs: number | null;
  readonly facts: Map<string, Fact>;
}

export class KnownNodes {
  readonly #nodes = new Map<string, Known>();
  readonly #holders = new Map<string, number>();

  get seen(): Seen {
    return Object.fromEntries(Array.from(this.#nodes, ([name, known]) => [name, known.seen]));
  }

  seenOf(node: string): number {
    return this.#known(node).seen;
  }

  /** What it said up to this version is safe. */
  safe(node: string, version: number): void {
    this.#known(node).seen = version;
  }

  heard(node: string): void {
    this.#known(node).silentMs = null;
  }

  /** It is so at this node, or is not any more. */
  said(node: string, fact: Fact, holds: boolean): void {
    const key = keyOf(fact);
    const { facts } = this.#known(node);
    const wasSo = facts.has(key);
    if (holds) facts.set(key, fact);
    else facts.delete(key);
    if (holds !== wasSo) this.#count(key, holds ? 1 : -1);
  }

  isSomewhere(key: string): boolean {
    return this.#holders.has(key);
  }

  /** Nodes that have not answered for so long that they are no more: forgotten, with what was so there. */
  lost(heard: ReadonlySet<string>, nowMs: number, patienceMs: number): readonly (readonly [string, readonly Fact[]])[] {
    const lost: [string, readonly Fact[]][] = [];
    for (const [name, known] of this.#nodes) {
      if (heard.has(name)) continue;
      known.silentMs ??= nowMs;
      if (nowMs - known.silentMs < patienceMs) continue;
      this.#nodes.delete(name);
      for (const key of known.facts.keys()) this.#count(key, -1);
      lost.push([name, [...known.facts.values()]]);
    }
    return lost;
  }

  /** Nobody could be asked: that says nothing of any of them. */
  unasked(): void {
    for (const known of this.#nodes.values()) known.silentMs = null;
  }

  clear(): void {
    this.#nodes.clear();
    this.#holders.clear();
  }

  #known(node: string): Known {
    const known = this.#nodes.get(node) ?? { seen: 0, silentMs: null, facts: new Map<string, Fact>() };
    this.#nodes.set(node, known);
    return known;
  }

  #count(key: string, change: 1 | -1): void {
    const holders = (this.#holders.get(key) ?? 0) + change;
    if (holders > 0) this.#holders.set(key, holders);
    else this.#holders.delete(key);
  }
}

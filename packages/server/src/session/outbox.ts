// The outbox: what one client is owed, in order: control frames, and cursors that have something.
import type { Budget, Pullable, Pulled } from "../hub/subscriber.ts";

export interface OutboxLimits {
  readonly controlFrames: number;
  readonly controlBytes: number;
  readonly pageBytes: number;
}

/** What may be pulled at once. */
interface Pages {
  /** What the link takes at once. */
  readonly mostBytes: number;
  readonly page: Budget;
  /** For what joins a page that is begun: together they stay within one page. */
  readonly rest: Budget;
}

/** The pages of links that take whatever the node gives: they are equal for all, and so the same object. */
let unlimited: Pages | null = null;

/** @param mostBytes Of a page, where the link takes less than the node's. */
function pagesOf(nodeBytes: number, mostBytes: number = Infinity): Pages {
  if (mostBytes === Infinity && unlimited?.page.tableBytes === nodeBytes) return unlimited;
  const pageBytes = Math.min(Math.floor(mostBytes), nodeBytes);
  const page = { pageBytes, tableBytes: nodeBytes };
  const rest = { pageBytes: Math.ceil(pageBytes / 4), tableBytes: Math.ceil(nodeBytes / 4) };
  const pages: Pages = { mostBytes, page, rest };
  if (mostBytes === Infinity) unlimited = pages;
  return pages;
}

/** Whose outbox it is. */
export interface OutboxHost {
  /** Puts a gap into words, in its place in the stream; says whether the cursor goes on. */
  gap(source: Pullable, gap: Extract<Pulled, { kind: "gap" }>): { frame: Uint8Array | null; goesOn: boolean };
}

export class Outbox {
  readonly #limits: OutboxLimits;
  #pages: Pages;
  readonly #host: OutboxHost;
  /** A cursor that waits by itself, as nearly always: it needs no list, and its page is written as it is. */
  #only: Pullable | null = null;
  #items: (Uint8Array | Pullable)[] = [];
  #taken = 0;
  #first: Uint8Array | null = null;
  #controls = 0;
  #controlBytes = 0;

  constructor(limits: OutboxLimits, host: OutboxHost) {
    this.#limits = limits;
    this.#pages = pagesOf(limits.pageBytes);
    this.#host = host;
  }

  get isEmpty(): boolean {
    return this.#first === null && this.#only === null && this.#taken === this.#items.length;
  }

  /** Whether replies pile up: the client's commands wait until it has read some. */
  get isCrowded(): boolean {
    return this.crowdedBy !== null;
  }

  /** The limit that they have come to. */
  get crowdedBy(): "controlFrames" | "controlBytes" | null {
    if (this.#controls >= this.#limits.controlFrames) return "controlFrames";
    return this.#controlBytes >= this.#limits.controlBytes ? "controlBytes" : null;
  }

  /** Whether there is room again for the client's commands. */
  get isRelieved(): boolean {
    return this.#controls <= this.#limits.controlFrames / 2 && this.#controlBytes <= this.#limits.controlBytes / 2;
  }

  /** A frame that goes before everything else: a ping. */
  putFirst(frame: Uint8Array): void {
    this.#first = frame;
  }

  putControl(frame: Uint8Array): void {
    this.#list();
    this.#items.push(frame);
    this.#controls += 1;
    this.#controlBytes += frame.length;
  }

  putSource(source: Pullable): void {
    if (this.#only === null && this.#taken === this.#items.length) {
      this.#only = source;
      return;
    }
    this.#list();
    this.#items.push(source);
  }

  /**
   * The frames of one turn: about a page, in order; each cursor gives a page at most and goes to the end.
   * @param mostBytes Of a page, where the link takes less than the node's.
   */
  take(mostBytes: number = Infinity): readonly Uint8Array[] {
    if (mostBytes !== this.#pages.mostBytes) this.#pages = pagesOf(this.#limits.pageBytes, mostBytes);
    const first = this.#first;
    const only = this.#only;
    if (first !== null) {
      this.#first = null;
      return this.#fill([first], 0);
    }
    if (only === null) return this.#fill([], 0);
    this.#only = null;
    const pulled = only.pull(this.#pages.page);
    if (pulled.kind === "frames" && !pulled.more) return pulled.frames;
    const frames: Uint8Array[] = [];
    const { bytes, more } = this.#took(only, pulled, frames);
    if (more) this.putSource(only);
    return this.#fill(frames, bytes);
  }

  /** One page of a source that is about to end, ahead of its turn. */
  pullNow(source: Pullable): Uint8Array[] {
    const frames: Uint8Array[] = [];
    if (this.#pull(source, this.#pages.page, frames).more) this.putSource(source);
    return frames;
  }

  /**
   * One page of a source in the place where it waits, ahead of its turn, so that what is put behind it now comes after
   * that page. True: it has more.
   */
  advance(source: Pullable | null): boolean {
    this.#list();
    const place = source === null ? -1 : this.#items.indexOf(source, this.#taken);
    if (source === null || place < 0) return false;
    const frames: Uint8Array[] = [];
    const { bytes, more } = this.#pull(source, this.#pages.page, frames);
    this.#items.splice(place, 1, ...frames, ...(more ? [source] : []));
    this.#controls += frames.length;
    this.#controlBytes += bytes;
    return more;
  }

  clear(): void {
    this.#only = null;
    this.#items = [];
    this.#taken = 0;
    this.#first = null;
    this.#controls = 0;
    this.#controlBytes = 0;
  }

  /** Adds to the frames of a turn that has so many bytes already. */
  #fill(frames: Uint8Array[], begun: number): readonly Uint8Array[] {
    this.#list();
    let bytes = begun;
    const { page, rest } = this.#pages;
    const full = page.pageBytes - rest.pageBytes;
    while (this.#taken < this.#items.length && (bytes < full || bytes === 0)) {
      const item = this.#items[this.#taken];
      this.#taken += 1;
      if (item === undefined) continue;
      if (item instanceof Uint8Array) {
        this.#controls -= 1;
        this.#controlBytes -= item.length;
        frames.push(item);
        bytes += item.length;
      } else {
        const isBegun = bytes > 0;
        const pulled = this.#pull(item, isBegun ? rest : page, frames);
        bytes += pulled.bytes;
        if (!pulled.more) continue;
        if (!isBegun) {
          this.#items.push(item);
          continue;
        }
        // Cut short by what came before it: it keeps its place, or a reply would overtake its page.
        this.#taken -= 1;
        break;
      }
    }
    this.#compact();
    return frames;
  }

  /** Puts the one that waits by itself at the head of the list: others come behind it. */
  #list(): void {
    if (this.#only === null) return;
    this.#items.push(this.#only);
    this.#only = null;
  }

  #pull(source: Pullable, budget: Budget, frames: Uint8Array[]): { readonly bytes: number; readonly more: boolean } {
    return this.#took(source, source.pull(budget), frames);
  }

  #took(source: Pullable, pulled: Pulled, frames: Uint8Array[]): { readonly bytes: number; readonly more: boolean } {
    if (pulled.kind === "later") return { bytes: 0, more: false };
    if (pulled.kind === "gap") {
      const { frame, goesOn } = this.#host.gap(source, pulled);
      if (frame !== null) frames.push(frame);
      return { bytes: frame?.length ?? 0, more: goesOn && pulled.more };
    }
    let bytes = 0;
    for (const frame of pulled.frames) {
      frames.push(frame);
      bytes += frame.length;
    }
    return { bytes, more: pulled.more };
  }

  #compact(): void {
    if (this.#taken === this.#items.length) {
      if (this.#taken > 0) this.#items = [];
      this.#taken = 0;
    } else if (this.#taken > 64 && this.#taken * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
  }
}

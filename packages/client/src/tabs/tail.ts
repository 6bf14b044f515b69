// The newest publications of a channel that several tabs read, each from its own place: what one has missed is told from here.

import type { Publication } from "../publication.ts";

/** What a tail keeps of a stream: as many publications, and as many characters of them, but always the newest. */
const maxEntries = 1_000;
const maxCharacters = 1_048_576;
/** Of a `latest` channel the newest of each key is kept; of those that were removed, so many. */
const maxRemoved = 1_000;

export interface TailEntry {
  /** Counts on this tail and never repeats. */
  readonly seq: number;
  readonly offset: number;
  readonly key: string | null;
  readonly removed: boolean;
  /** The push, as every tab is sent it. */
  readonly line: string;
}

export class Tail {
  /** Whoever stands before it has missed what is not kept any more. */
  floor = 0;
  /** The newest entry's. */
  last = 0;
  /** All since this offset is here. */
  baseOffset = 0;
  readonly #channel: string;
  #entries: TailEntry[] = [];
  readonly #keys = new Map<string, TailEntry>();
  #characters = 0;
  #removed = 0;

  constructor(channel: string) {
    this.#channel = channel;
  }

  /** Begins anew behind an offset. */
  reset(offset: number): void {
    this.#entries = [];
    this.#keys.clear();
    this.#characters = this.#removed = 0;
    this.baseOffset = offset;
    this.floor = this.last;
  }

  append(publication: Publication): void {
    const { key, removed } = publication;
    const offset = publication.position?.offset ?? 0;
    const line = lineOf(this.#channel, publication);
    const entry = { seq: ++this.last, offset, key, removed, line };
    if (key !== null) this.#supersede(key, entry);
    this.#entries.push(entry);
    this.#characters += line.length;
    if (removed) this.#removed++;
    if (key === null) this.#trim();
    else if (this.#removed > maxRemoved) this.#drop(this.#entries.find((each) => each.removed));
  }

  /** What stands behind `seq`, oldest first. */
  *after(seq: number): Generator<TailEntry> {
    // Readers stand near the end.
    let index = this.#entries.length;
    while (index > 0 && (this.#entries[index - 1]?.seq ?? 0) > seq) index--;
    for (; index < this.#entries.length; index++) yield this.#entries[index] as TailEntry;
  }

  /** The place behind everything up to this offset. */
  placeOf(offset: number): number {
    const next = this.#entries.find((entry) => entry.offset > offset);
    return next === undefined ? this.last : next.seq - 1;
  }

  #supersede(key: string, entry: TailEntry): void {
    const before = this.#keys.get(key);
    this.#keys.set(key, entry);
    if (before !== undefined) this.#remove(before);
  }

  #remove(entry: TailEntry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#characters -= entry.line.length;
    if (entry.removed) this.#removed--;
  }

  #drop(entry: TailEntry | undefined): void {
    if (entry === undefined) return;
    this.#remove(entry);
    if (entry.key !== null) this.#keys.delete(entry.key);
    this.floor = entry.seq;
    this.baseOffset = entry.offset;
  }

  #trim(): void {
    while (this.#entries.length > maxEntries || (this.#characters > maxCharacters && this.#entries.length > 1)) {
      this.#drop(this.#entries[0]);
    }
  }
}

function lineOf(channel: string, publication: Publication): string {
  const { atMs, author, data, id, key, position, removed, tags } = publication;
  const info = author === null ? undefined : { client: author.session, user: author.user, conn_info: author.info };
  const pub = {
    data,
    info,
    offset: position?.offset,
    tags: tags ?? undefined,
    time: atMs ?? undefined,
    id,
    key: key ?? undefined,
    removed: removed || undefined,
  };
  return JSON.stringify({ push: { channel, pub } });
}

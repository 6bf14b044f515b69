// Lists of what comes and goes: each member knows its neighbours, and forgets them when it leaves.
//
// V8 puts a new table behind a Map or a Set that is full, and leaves the old one as it was. Where the table is in the old
// space, so are those after it, and whatever was in one that is given up lives until the next full collection, with all
// that it refers to: of requests that are over in a millisecond, a third (decision 0067).

/** One member's place in a list. */
export class Link<Item> {
  /** `null` once it has left for good. */
  item: Item | null;
  previous: Link<Item> = this;
  next: Link<Item> = this;

  constructor(item: Item | null) {
    this.item = item;
  }

  /** Leaves its list for good. False: it had left. */
  leave(): boolean {
    if (this.item === null) return false;
    this.item = null;
    this.unlink();
    return true;
  }

  /** Leaves the list in which it is, and may join another one. */
  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }
}

/** A list, in the order in which its members came. */
export class Links<Item> {
  /** Stands before the first and behind the last. */
  readonly #ends = new Link<Item>(null);

  /** The one that is longest in it. */
  get first(): Link<Item> | null {
    const { next } = this.#ends;
    return next === this.#ends ? null : next;
  }

  /** Everybody who is in it now. */
  items(): Item[] {
    const items: Item[] = [];
    for (let { item, next } = this.#ends.next; item !== null; { item, next } = next) items.push(item);
    return items;
  }

  /** Puts it last; it leaves the list in which it was. */
  add(link: Link<Item>): void {
    link.unlink();
    const last = this.#ends.previous;
    link.previous = last;
    link.next = this.#ends;
    last.next = link;
    this.#ends.previous = link;
  }
}

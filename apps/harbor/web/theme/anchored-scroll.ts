// Scrolling that holds still: at the bottom it stays there whatever is added; elsewhere what one looks at stays in its
// place, whatever is added, taken away or measured anew above it.

/** Whoever is this near to the bottom is at the bottom. */
const nearPx = 60;

/** What is out of sight, in pixels and in rows. */
export interface OutOfSight {
  readonly abovePx: number;
  readonly belowPx: number;
  readonly rowsAbove: number;
  readonly rowsBelow: number;
}

export interface AnchoredScrollEvents {
  /** Whether the last row in the page is the last there is: only that bottom is one to stay at. */
  readonly isAtEnd: () => boolean;
  /** Whether what comes next will be in sight. */
  readonly stuck: (isAtBottom: boolean) => void;
  /** After each scroll, and each time the content has settled. */
  readonly moved: (outOfSight: OutOfSight) => void;
}

interface Anchor {
  readonly row: string;
  /** Within the content, not within the window: a scroll that we have not heard of yet does not change it. */
  readonly topPx: number;
}

/** The scroller's first child holds the rows: its children with `data-row`, a name that stays theirs. */
export class AnchoredScroll {
  #events: AnchoredScrollEvents | null = null;
  #scroller: HTMLElement | null = null;
  #isStuck: boolean;
  #anchor: Anchor | null = null;
  #settledTop = 0;

  constructor(opensAtBottom: boolean) {
    this.#isStuck = opensAtBottom;
  }

  /** Returns what lets go of it. */
  attach(scroller: HTMLElement, events: AnchoredScrollEvents): () => void {
    this.#scroller = scroller;
    this.#events = events;
    const scrolled = (): void => this.#scrolled(scroller);
    scroller.addEventListener("scroll", scrolled, { passive: true });
    // A composer grows, a phone is turned, a font arrives.
    const observer = new ResizeObserver(() => this.settle());
    observer.observe(scroller);
    if (scroller.firstElementChild !== null) observer.observe(scroller.firstElementChild);
    this.settle();
    return () => {
      this.#scroller = this.#events = null;
      scroller.removeEventListener("scroll", scrolled);
      observer.disconnect();
    };
  }

  /** Puts back in place what a change of the content has moved; called before the change is painted. */
  settle(): void {
    const scroller = this.#scroller;
    if (scroller === null) return;
    const held = this.#anchor === null ? undefined : rowsIn(scroller).find(isNamed(this.#anchor.row));
    if (this.#isStuck && this.#isAtEnd()) scroller.scrollTo({ top: scroller.scrollHeight });
    else if (held !== undefined && this.#anchor !== null)
      scroller.scrollBy({ top: held.offsetTop - this.#anchor.topPx });
    this.#settledTop = scroller.scrollTop;
    this.#look(scroller);
  }

  /** Goes there with the next `settle`, when the last rows may have come. */
  toBottom(): void {
    this.#setStuck(true);
  }

  toRow(name: string): void {
    const scroller = this.#scroller;
    const row = scroller === null ? undefined : rowsIn(scroller).find(isNamed(name));
    if (scroller === null || row === undefined) return;
    this.#setStuck(false);
    scroller.scrollTo({ top: row.offsetTop });
    this.#look(scroller);
  }

  #scrolled(scroller: HTMLElement): void {
    const isNear = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= nearPx;
    // While it is stuck only a person moves it up: we move it down alone.
    if (this.#isStuck && !isNear && scroller.scrollTop < this.#settledTop - 1) this.#setStuck(false);
    else if (!this.#isStuck && isNear && this.#isAtEnd()) this.#setStuck(true);
    this.#look(scroller);
  }

  #isAtEnd(): boolean {
    return this.#events?.isAtEnd() ?? true;
  }

  #setStuck(isStuck: boolean): void {
    this.#isStuck = isStuck;
    this.#events?.stuck(isStuck);
  }

  #look(scroller: HTMLElement): void {
    const { clientHeight, scrollHeight, scrollTop } = scroller;
    const rows = rowsIn(scroller);
    const rowsAbove = rows.findIndex((row) => row.offsetTop + row.offsetHeight > scrollTop);
    const first = rows[rowsAbove];
    const rowsBelow = rows.length - rows.findLastIndex((row) => row.offsetTop < scrollTop + clientHeight) - 1;
    const row = first?.dataset["row"];
    this.#anchor = first === undefined || row === undefined ? null : { row, topPx: first.offsetTop };
    this.#events?.moved({
      abovePx: scrollTop,
      belowPx: scrollHeight - scrollTop - clientHeight,
      rowsAbove: Math.max(0, rowsAbove),
      rowsBelow,
    });
  }
}

function rowsIn(scroller: HTMLElement): HTMLElement[] {
  return [...(scroller.firstElementChild?.children ?? [])].filter(
    (child): child is HTMLElement => child instanceof HTMLElement && child.dataset["row"] !== undefined,
  );
}

function isNamed(name: string): (row: HTMLElement) => boolean {
  return (row) => row.dataset["row"] === name;
}

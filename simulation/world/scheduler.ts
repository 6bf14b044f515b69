// The scheduler: one queue of everything that happens in a simulated world, in the order of its time.
//
// Nothing runs beside it. Between two events all promises that can go on have gone on, so what a run does depends on its
// seed alone.

interface Event {
  readonly atMs: number;
  /** Events of one time happen in the order in which they were set. */
  readonly order: number;
  act: (() => void) | null;
}

export class Scheduler {
  #nowMs = 0;
  #orders = 0;
  /** A binary heap. */
  readonly #events: Event[] = [];
  readonly #threw: (thrown: unknown) => void;

  /** @param threw Takes what an event threw: in a process of its own it would have ended that. */
  constructor(threw: (thrown: unknown) => void) {
    this.#threw = threw;
  }

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs `act` once at that time, or now if it has passed. */
  at(atMs: number, act: () => void): () => void {
    const event: Event = { atMs: Math.max(atMs, this.#nowMs), order: this.#orders, act };
    this.#orders += 1;
    this.#push(event);
    return () => (event.act = null);
  }

  /** Lets everything happen up to `untilMs`. */
  async run(untilMs: number): Promise<void> {
    for (let next = this.#events[0]; next !== undefined && next.atMs <= untilMs; next = this.#events[0]) {
      this.#pop();
      if (next.act === null) continue;
      this.#nowMs = next.atMs;
      try {
        next.act();
      } catch (thrown) {
        this.#threw(thrown);
      }
      await drained();
    }
    this.#nowMs = untilMs;
  }

  #push(event: Event): void {
    const events = this.#events;
    let place = events.length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = events[parent];
      if (above === undefined || !isBefore(event, above)) break;
      events[place] = above;
      place = parent;
    }
    events[place] = event;
  }

  #pop(): void {
    const events = this.#events;
    const last = events.pop();
    if (last === undefined || events.length === 0) return;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const [first, second] = [events[left], events[left + 1]];
      if (first === undefined) break;
      const isSecond = second !== undefined && isBefore(second, first);
      const least = isSecond ? second : first;
      if (!isBefore(least, last)) break;
      events[place] = least;
      place = isSecond ? left + 1 : left;
    }
    events[place] = last;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/** Resolves when no promise can go on: the next turn of the real event loop comes after all of them. */
function drained(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

// Doubts: channels of which something may have been missed, gathered for a second, then told all at once.
import type { Clock } from "../ports/clock.ts";

export type Doubted = readonly string[] | "all";

/** Whoever says one wrong thing may say many. */
const gatherMs = 1_000;
/** With more channels than this in doubt, all are. */
const most = 1_000;

export class Doubts {
  readonly #clock: Clock;
  readonly #tell: (channels: Doubted) => void;
  readonly #channels = new Set<string>();
  #isAll = false;
  #isWaiting = false;

  constructor(clock: Clock, tell: (channels: Doubted) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  add(channels: Doubted): void {
    if (channels === "all") this.#isAll = true;
    else for (const channel of channels) this.#channels.add(channel);
    this.#isAll ||= this.#channels.size > most;
    if (this.#isAll) this.#channels.clear();
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#clock.after(gatherMs, () => this.#end());
  }

  #end(): void {
    const doubted: Doubted = this.#isAll ? "all" : [...this.#channels];
    this.#channels.clear();
    this.#isAll = this.#isWaiting = false;
    this.#tell(doubted);
  }
}

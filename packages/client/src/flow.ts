// How fast a subscription should be: at rest, at a rate, or as fast as it comes; what its openers want together.

import type { Cancel } from "./clock.ts";
import type { Page } from "./page.ts";
import type { Ports } from "./ports.ts";
import { Listeners } from "./store.ts";

/** What one opener wants of a subscription. */
export interface Opener {
  readonly pauseWhenHidden?: boolean;
  readonly rate?: number;
}

export class Flow {
  /** Told whenever `isPaused` or `rate` may have changed. */
  readonly changes: Listeners<void>;
  readonly #page: Page;
  readonly #openers = new Set<Opener>();
  #isPausedByApp = false;
  #stopPage: Cancel | null = null;

  constructor({ onError, page }: Ports) {
    this.#page = page;
    this.changes = new Listeners(onError);
  }

  get isOpen(): boolean {
    return this.#openers.size > 0;
  }

  /** What the server should be told. Hiding pauses only what every opener wants paused then. */
  get isPaused(): boolean {
    return (
      this.#isPausedByApp ||
      (this.isOpen && !this.#page.isVisible() && [...this.#openers].every(({ pauseWhenHidden }) => pauseWhenHidden))
    );
  }

  /** Pulls a second: the highest that an opener wants. `Infinity` where one named none, 0 without any opener. */
  get rate(): number {
    return Math.max(0, ...[...this.#openers].map(({ rate = Infinity }) => rate));
  }

  set(isPausedByApp: boolean): void {
    this.#isPausedByApp = isPausedByApp;
    this.changes.emit();
  }

  add(opener: Opener): void {
    this.#openers.add(opener);
    this.#changed();
  }

  /** False when it was not there. */
  remove(opener: Opener): boolean {
    const wasThere = this.#openers.delete(opener);
    this.#changed();
    return wasThere;
  }

  #changed(): void {
    const mayHide = [...this.#openers].some(({ pauseWhenHidden }) => pauseWhenHidden);
    this.#stopPage?.();
    this.#stopPage = mayHide ? this.#page.watch(() => this.changes.emit()) : null;
    this.changes.emit();
  }
}

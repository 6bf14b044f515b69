// Whether a subscription should rest: because the application paused it, or because nobody can see the page.

import type { Cancel } from "./clock.ts";
import type { Page } from "./page.ts";

export class Flow {
  readonly #page: Page;
  readonly #changed: () => void;
  #isPausedByApp = false;
  #openers = 0;
  /** Those openers that want a rest while the page is hidden. */
  #hiders = 0;
  #stopPage: Cancel | null = null;

  constructor(page: Page, changed: () => void) {
    this.#page = page;
    this.#changed = changed;
  }

  get isOpen(): boolean {
    return this.#openers > 0;
  }

  /** What the server should be told. Hiding pauses only what every opener wants paused then. */
  get isPaused(): boolean {
    return this.#isPausedByApp || (this.isOpen && this.#hiders === this.#openers && !this.#page.isVisible());
  }

  set(isPausedByApp: boolean): void {
    this.#isPausedByApp = isPausedByApp;
    this.#changed();
  }

  /** @param by 1 for one who opens, -1 for one who closes. */
  count(by: 1 | -1, pauseWhenHidden: boolean): void {
    this.#openers += by;
    if (pauseWhenHidden) this.#hiders += by;
    this.#stopPage?.();
    this.#stopPage = this.#hiders > 0 ? this.#page.watch(this.#changed) : null;
    this.#changed();
  }
}

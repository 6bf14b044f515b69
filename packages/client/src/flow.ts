// Whether a subscription should rest: because the application paused it, or because nobody can see the page.

import type { Cancel } from "./clock.ts";
import type { Page } from "./page.ts";
import type { Ports } from "./ports.ts";
import { Listeners } from "./store.ts";

export class Flow {
  /** Told whenever `isPaused` may have changed. */
  readonly changes: Listeners<void>;
  readonly #page: Page;
  #isPausedByApp = false;
  #openers = 0;
  /** Those openers that want a rest while the page is hidden. */
  #hiders = 0;
  #stopPage: Cancel | null = null;

  constructor({ onError, page }: Ports) {
    this.#page = page;
    this.changes = new Listeners(onError);
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
    this.changes.emit();
  }

  /** @param by 1 for one who opens, -1 for one who closes. */
  count(by: 1 | -1, pauseWhenHidden: boolean): void {
    this.#openers += by;
    if (pauseWhenHidden) this.#hiders += by;
    this.#stopPage?.();
    this.#stopPage = this.#hiders > 0 ? this.#page.watch(() => this.changes.emit()) : null;
    this.changes.emit();
  }
}

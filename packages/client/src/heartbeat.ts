// The watch over a connection's life: the server speaks at least once a ping interval, or it is gone.

import type { Cancel, Clock } from "./clock.ts";

/** How long the server may be silent beyond its ping interval. */
const pingGraceMs = 10_000;

export class Heartbeat {
  readonly #clock: Clock;
  readonly #silent: () => void;
  #heardMs = 0;
  #stop: Cancel | null = null;

  constructor(clock: Clock, silent: () => void) {
    this.#clock = clock;
    this.#silent = silent;
  }

  /** Any frame counts as life (reference A6). */
  heard(): void {
    this.#heardMs = this.#clock.now();
  }

  /** @param pingMs The server's interval; 0: it sends none, and silence says nothing. */
  start(pingMs: number): void {
    if (pingMs > 0) this.#lookIn(pingMs + pingGraceMs, pingMs + pingGraceMs);
  }

  stop(): void {
    this.#stop?.();
  }

  // One timer that looks at when the last frame came, rather than a new timer for each frame.
  #lookIn(waitMs: number, silenceMs: number): void {
    this.#stop = this.#clock.after(waitMs, () => {
      const leftMs = this.#heardMs + silenceMs - this.#clock.now();
      if (leftMs <= 0) this.#silent();
      else this.#lookIn(leftMs, silenceMs);
    });
  }
}

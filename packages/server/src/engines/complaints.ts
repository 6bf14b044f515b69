// What an operator is told of a store that says what cannot be: once in a while, with how often it was.
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";

const silenceMs = 10_000;

export class Complaints {
  readonly #log: Log;
  readonly #clock: Clock;
  #silentUntilMs = -Infinity;
  #count = 0;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  add(message: string, fields: Readonly<Record<string, string | number>>): void {
    this.#count += 1;
    const nowMs = this.#clock.now();
    if (nowMs < this.#silentUntilMs) return;
    this.#silentUntilMs = nowMs + silenceMs;
    this.#log.error(message, { ...fields, times: this.#count });
  }
}
